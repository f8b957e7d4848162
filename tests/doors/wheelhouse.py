"""A folder from which pip installs without the network: wheels made again of what is installed."""

from __future__ import annotations

import importlib.metadata
import re
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from packaging.markers import Marker


def fill(folder: Path, *names: str) -> None:
    """Puts these packages into the folder, and all that they need, as they are installed here."""
    wanted, done = list(names), set()
    while wanted:
        package = importlib.metadata.distribution(wanted.pop())
        if package.name in done:
            continue
        done.add(package.name)
        _pack(folder, package)
        needs = map(Requirement, package.requires or [])
        wanted += [need.name for need in needs if need.marker is None or _holds(need.marker)]


def _holds(marker: Marker) -> bool:
    return marker.evaluate({"extra": ""})


def _pack(folder: Path, package: importlib.metadata.Distribution) -> None:
    """Makes one wheel (PEP 427); commands lie beside the package, where an installer moves them."""
    about = next(str(file.parent) for file in package.files if file.name == "METADATA")
    name = about[: -len(".dist-info")]
    # What the package was compiled for is not asked again: it runs here.
    tags = re.findall(r"^Tag: (\S*)", package.read_text("WHEEL"), re.MULTILINE)
    tag = "-".join(".".join(sorted(set(part))) for part in zip(*(tag.split("-") for tag in tags)))
    scripts = Path(sysconfig.get_path("scripts")).resolve()
    made = {entry.name for entry in package.entry_points if entry.group == "console_scripts"}
    record = [f"{about}/RECORD,,"]
    with zipfile.ZipFile(folder / f"{name}-{tag}.whl", "w") as wheel:
        for file in package.files:
            path = Path(file.locate())
            is_script = path.resolve().parent == scripts
            within = f"{name}.data/scripts/{path.name}" if is_script else str(file)
            by_installer = (is_script and path.name in made) or str(file) in {
                f"{about}/{other}" for other in _BY_INSTALLERS
            }
            if not by_installer and path.is_file() and not within.startswith(".."):
                wheel.write(path, within)
                record.append(f"{within},,")
        wheel.writestr(f"{about}/RECORD", "\n".join(record) + "\n")


_BY_INSTALLERS = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}
