"""The extractors that a bundle was fitted with, made again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from featser.errors import BundleError
from featser.features.extractor import Extractor
from featser.features.registry import FILE_EXTRACTORS, make_extractor
from featser.features.spec_names import TRIM
from featser.models.bundle import Bundle


def rebuild_extractors(
    bundle: Bundle, file: str | Path, trust_paths: bool = False
) -> list[Extractor]:
    """Make the extractors that a bundle was fitted with.

    Parameters
    ----------
    bundle : Bundle
    file : str or Path
        Where it was read from.
    trust_paths : bool
        Whether files that it names are opened wherever they are, or only beside it.

    Raises
    ------
    BundleError
        If this version of featser would compute other features than those that
        the model was fitted on, or a file that the bundle names is not beside it.
    """
    extractors = []
    for described in bundle.extractors:
        spec = described["spec"] if trust_paths else _spec_beside(described["spec"], Path(file))
        extractor = make_extractor(spec)
        for part, here in (
            ("version", extractor.version),
            ("params", extractor.params),
            ("names", list(extractor.names)),
        ):
            if _plain(here) != described.get(part):
                raise BundleError(
                    f"{file}: it was fitted on '{described['spec']}' features that this featser "
                    f"computes differently (their {part} changed); use featser "
                    f"{bundle.libraries.get('featser')} or fit it again"
                )
        extractors.append(extractor)
    width = sum(extractor.dimension for extractor in extractors)
    if width != bundle.model.n_features_in_:
        raise BundleError(
            f"{file}: damaged: its extractors give {width} features, its model reads "
            f"{bundle.model.n_features_in_}; fit it again"
        )
    return extractors


def _spec_beside(spec: str, file: Path) -> str:
    """Return a spec whose file, if it names one, is the one of that name beside the bundle."""
    name, _, rest = spec.partition(":")
    if name == TRIM:
        return f"{TRIM}:{_spec_beside(rest, file)}"
    if name not in FILE_EXTRACTORS:
        return spec
    path, mark, settings = rest.rpartition("?") if "?" in rest else (rest, "", "")
    beside = file.absolute().parent / Path(path).name
    if not Path(path).name or not beside.is_file():
        raise BundleError(
            f"{file}: its {name} features need the file '{path}': put it beside the bundle, or, "
            f"if you trust whoever made the bundle, add --trust-paths (trust_paths=True)"
        )
    return f"{name}:{beside}{mark}{settings}"


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))
