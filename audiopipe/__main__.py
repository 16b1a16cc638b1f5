"""`python -m audiopipe` is the same as `audiopipe`."""

from audiopipe.cli import main

if __name__ == "__main__":
    main()
