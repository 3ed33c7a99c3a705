"""``python -m her2path`` is ``her2path``."""

from her2path.cli import main

if __name__ == "__main__":
    main()
