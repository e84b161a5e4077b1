import subprocess
import sys
from pathlib import Path

from router.ari import generate
from router.ari.generate.declarations import read
from router.ari.generate.models import models_source
from router.ari.generate.resources import resources_source


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(generate.__doc__, file=sys.stderr)  # noqa: T201
        return 2
    declarations = read(arguments[0])
    here = Path(generate.__file__).parent.parent
    written = {"models.py": models_source(declarations), "resources.py": resources_source(declarations)}
    for name, text in written.items():
        (here / name).write_text(text)
    paths = [str(here / name) for name in written]
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", *paths], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "check", "--fix", "--quiet", *paths], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
