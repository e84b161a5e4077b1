"""Files that a plan names and that lie beside it: contacts, calendars."""

from pathlib import Path, PurePosixPath

from router.dialplan.faults import brief


def content_beside(folder: Path, name: str, example: str, most_bytes: int) -> bytes:
    """What is in the file `name` below the plan's folder. Raises ValueError saying why there is nothing."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not name.isprintable():
        raise ValueError(f'"{brief(name)}" must be a path below the plan\'s folder, such as {example}')
    try:
        file = (folder / path).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise ValueError(f'"{brief(name)}" leads out of the plan\'s folder')
        if not file.is_file():
            raise ValueError(f'"{brief(name)}" is not there, or no file; it is looked for in {folder}')
        with file.open("rb") as opened:
            content = opened.read(most_bytes + 1)
    except OSError as wrong:
        raise ValueError(f'"{brief(name)}" cannot be read: {wrong.strerror}') from None
    if len(content) > most_bytes:
        raise ValueError(f'"{brief(name)}" is too long; {most_bytes:,} bytes are possible: split it')
    return content
