"""The page a pathologist opens: values in, HTML out."""
