"""What a pathologist would not count: artefacts, controls, wrong slides."""
