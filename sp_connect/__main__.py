"""`python -m sp_connect` is `sp-connect`."""

from sp_connect.cli import main

if __name__ == "__main__":
    main()
