"""`python -m quickstart flask` or `python -m quickstart fastapi`: the command of the quick start.

HOST and PORT become the variables that the framework's own command reads. Nothing else is set.
"""

import argparse
import os
import sys

COMMANDS = {
    "fastapi": ("UVICORN", ["uvicorn", "quickstart.fastapi_app:app"]),
    "flask": ("FLASK_RUN", ["flask", "--app", "quickstart.flask_app", "run"]),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m quickstart", description=__doc__)
    parser.add_argument("app", choices=COMMANDS)
    prefix, command = COMMANDS[parser.parse_args().app]
    os.environ[f"{prefix}_HOST"] = os.environ.get("HOST", "127.0.0.1")
    os.environ[f"{prefix}_PORT"] = os.environ.get("PORT", "8080")
    os.execv(sys.executable, [sys.executable, "-m", *command])


if __name__ == "__main__":
    main()
