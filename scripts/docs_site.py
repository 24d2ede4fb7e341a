"""What the site of documents needs beside its configuration; MkDocs calls these by their names."""

import posixpath
import re
from pathlib import Path
from typing import Any

_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])+)\]\(([^)\s]+)\)")


def on_config(config: Any) -> Any:
    """Put all documents of a folder where the navigation names the folder."""
    config["nav"] = _opened(config["nav"], Path(config["docs_dir"]))
    return config


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Leave the words of links to files of the project that are no documents: the site does not have those."""
    place = posixpath.dirname(page.file.src_uri)

    def kept(found: re.Match[str]) -> str:
        target = found[2].partition("#")[0]
        leaves = posixpath.normpath(posixpath.join(place, target)).startswith("../")
        return found[1] if leaves and "://" not in target else found[0]

    return _LINK.sub(kept, markdown)


def _opened(nav: Any, folder: Path) -> Any:
    if isinstance(nav, dict):
        return {name: _opened(inner, folder) for name, inner in nav.items()}
    if isinstance(nav, list):
        return [_opened(each, folder) for each in nav]
    if not nav.endswith("/"):
        return nav
    return sorted(each.relative_to(folder).as_posix() for each in (folder / nav).glob("*.md"))
