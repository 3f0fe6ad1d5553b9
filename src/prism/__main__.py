"""``python -m prism`` is the same as ``prism``."""

from prism.entrypoints.cli.main import run

if __name__ == "__main__":
    run()
