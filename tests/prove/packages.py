"""What the product is made of: the pinned packages, what is installed, under which licences, and the bill of it all.

    python -m tests.prove.packages dist/earshot.cdx.json

writes a CycloneDX 1.6 bill of materials of the packages that the product needs at run time.
"""

import importlib.metadata
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
_PIN = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(?:\[[a-z0-9,_-]+\])?==(?P<version>[A-Za-z0-9.!+_-]+)(?: ; (?P<marker>.+))?"
)
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
# A licence that would bind Earshot itself, and one that binds only the package.
_BINDS_US = re.compile(r"(?<!L)\bA?GPL|GNU (Affero )?General Public|(?<!Lesser )General Public License", re.IGNORECASE)
_LESSER = re.compile(r"LGPL|Lesser General Public", re.IGNORECASE)
_TOLD_ELSEWHERE = {"imapclient": "BSD-3-Clause"}  # says so in its source, not in its metadata
_TEXTS = {"Apache": "Apache-2.0", "MIT License": "MIT", "Permission is hereby granted, free of charge": "MIT"}


@dataclass(frozen=True)
class Pin:
    """One package of a requirements file. `is_here` says whether it is for a machine like this one."""

    name: str
    version: str
    hashes: tuple[str, ...]
    is_here: bool


def pins(text: str) -> list[Pin]:
    """Read a requirements file. Raises ValueError for a line that is neither a pin, a hash nor a comment."""
    found = []
    for entry in re.sub(r"\\\n", " ", text).splitlines():
        line = re.sub(r"\s+#.*|^#.*", "", entry).strip()
        if not line:
            continue
        pin, hashes = line.partition(" --hash=")[0].strip(), tuple(_HASH.findall(line))
        told = _PIN.fullmatch(pin)
        if told is None or len(hashes) != line.count("--"):
            raise ValueError(f"no pin: {line[:80]}")
        marker = told["marker"]
        is_here = not marker or Marker(marker).evaluate()
        found.append(Pin(canonicalize_name(told["name"]), told["version"], hashes, is_here))
    return found


def read(name: str) -> list[Pin]:
    return pins((ROOT / name).read_text())


def strange_words(name: str) -> list[str]:
    """Addresses and options in a requirements file: none belongs there, a pin and its hash say everything."""
    return re.findall(
        r"https?://\S+|--(?:extra-)?index-url|--find-links|--trusted-host|@ \S+", (ROOT / name).read_text()
    )


def installed() -> dict[str, str]:
    """The version of every package of this Python."""
    return {
        canonicalize_name(one.metadata["Name"]): one.version
        for one in importlib.metadata.distributions()
        if one.metadata["Name"]
    }


def licence(name: str) -> str:
    """A package's licence as its metadata tell it, "" when they do not."""
    told = importlib.metadata.metadata(name)
    if expression := told.get("License-Expression"):
        return str(expression)
    classified = [one.rpartition(" :: ")[2] for one in told.get_all("Classifier") or [] if one.startswith("License ::")]
    named = [one for one in classified if one != "OSI Approved"]
    if named:
        return " AND ".join(sorted(named))
    words = str(told.get("License") or "").strip()
    if 0 < len(words) <= 60:
        return words
    return _of_text(words) or _TOLD_ELSEWHERE.get(name, "")


def binds_us(words: str) -> bool:
    """Whether a licence would make Earshot itself be given away under it."""
    choices = re.split(r"\bOR\b", words)
    return all(bool(_BINDS_US.search(_LESSER.sub("", one))) for one in choices)


def is_lesser(words: str) -> bool:
    return bool(_LESSER.search(words))


def bill(chosen: list[Pin]) -> dict[str, Any]:
    """The bill of materials of installed packages, the same for the same packages."""
    known = {one.name: f"pkg:pypi/{one.name}@{one.version}" for one in chosen}
    components = [
        {
            "type": "library",
            "bom-ref": known[one.name],
            "name": one.name,
            "version": one.version,
            "purl": known[one.name],
            "licenses": [{"license": {"name": licence(one.name) or "not told"}}],
        }
        for one in sorted(chosen, key=lambda one: one.name)
    ]
    us = our_own()
    needs = {known[one.name]: sorted(known[need] for need in _needs(one.name) if need in known) for one in chosen}
    ours = sorted(known[canonicalize_name(Requirement(need).name)] for need in us["dependencies"])
    refs = [{"ref": ref, "dependsOn": needs[ref]} for ref in sorted(needs)]
    root = f"pkg:pypi/earshot@{us['version']}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, root + json.dumps(components))}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": "earshot",
                "version": us["version"],
                "licenses": [{"license": {"id": us["license"]}}],
            }
        },
        "components": components,
        "dependencies": [{"ref": root, "dependsOn": ours}, *refs],
    }


def our_own() -> Mapping[str, Any]:
    """What pyproject.toml says of the product."""
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])


def flaws(told: Mapping[str, Any]) -> list[str]:
    """What a reader of CycloneDX 1.6 would not take."""
    wanted = {"bomFormat": "CycloneDX", "specVersion": "1.6"}
    found = [f"{key} is not {value}" for key, value in wanted.items() if told.get(key) != value]
    if not re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(told.get("serialNumber"))):
        found.append("the serial number is none")
    refs = [one["bom-ref"] for one in told["components"]] + [told["metadata"]["component"]["bom-ref"]]
    found += ["a name stands for two things"] if len(set(refs)) != len(refs) else []
    for one in told["components"]:
        if not re.fullmatch(r"pkg:pypi/[a-z0-9-]+@[A-Za-z0-9.+!_-]+", one["purl"]) or not one["version"]:
            found.append(f"{one['name']} has no address")
    for one in told["dependencies"]:
        found += [f"nobody knows {ref}" for ref in (one["ref"], *one["dependsOn"]) if ref not in refs]
    return found


def _needs(name: str) -> set[str]:
    """The packages that an installed one asks for, on this machine, without its extras."""
    wanted = (Requirement(one) for one in importlib.metadata.requires(name) or [])
    return {canonicalize_name(one.name) for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})}


def _of_text(words: str) -> str:
    """The name of a licence that is given as its whole text."""
    return next((short for start, short in _TEXTS.items() if start in words), "")


def main(target: str) -> None:
    """Write the bill of materials."""
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(bill([one for one in read("requirements.txt") if one.is_here]), indent=2) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
