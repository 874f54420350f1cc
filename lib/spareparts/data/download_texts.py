"""Fetching WikiText-2: the authors' archive, whose parts are checked one by one."""

import io
import zipfile
from pathlib import Path
from urllib.request import Request, urlopen

from .files import DataCorrupt, DownloadFailed, replacing, root
from .known_texts import KNOWN_TEXTS, PARTS, check_part, text_path

# The first author's own copy; the archive's first address no longer answers.
ARCHIVE = "https://wikitext.smerity.com/wikitext-2-v1.zip"  # 4.5 MB
MOST_BYTES = 20_000_000  # of a part; the largest has 10.8 million
AGENT = "Mozilla/5.0 (spareparts)"  # the server refuses Python's own name


def fetch_text(*, progress: bool = True) -> Path:
    """Download WikiText-2 into `root()/text/wikitext-2`, parts that are there excepted, and return that folder.

    DownloadFailed without a network, DataCorrupt where a part has not the known checksum; nothing is then kept. A file
    that is there is checked and never replaced.
    """
    known = KNOWN_TEXTS["wikitext_2"]
    folder, absent = root() / "text" / known.folder, []
    for part in PARTS:
        path = text_path("wikitext_2", part)
        if path.exists():
            check_part(path, path.read_bytes(), known.sha1[part])
        else:
            absent.append(part)
    contents = _downloaded(absent, progress=progress) if absent else {}
    for part, content in contents.items():
        check_part(f"{part} as downloaded", content, known.sha1[part])
    folder.mkdir(parents=True, exist_ok=True)
    for part, content in contents.items():
        with replacing(text_path("wikitext_2", part)) as file:
            file.write(content)
    return folder


def _downloaded(parts: list[str], *, progress: bool) -> dict[str, bytes]:
    """The named parts from the archive."""
    try:
        if progress:
            print(f"Downloading {ARCHIVE}: 4.5 MB", flush=True)
        with urlopen(Request(ARCHIVE, headers={"User-Agent": AGENT}), timeout=60) as response:
            archive = zipfile.ZipFile(io.BytesIO(response.read()))
        members = {part: archive.getinfo(f"wikitext-2/wiki.{part}.tokens") for part in parts}
        for part, member in members.items():
            if member.file_size > MOST_BYTES:
                raise DataCorrupt(f"{part} of {ARCHIVE} unpacks to {member.file_size:,} bytes, at most {MOST_BYTES:,}")
        return {part: archive.read(member) for part, member in members.items()}
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        by_hand = f"put train.txt, valid.txt and test.txt (wiki.*.tokens) into {root() / 'text' / 'wikitext-2'}"
        raise DownloadFailed(
            f"could not download WikiText-2 from {ARCHIVE}: {' '.join(str(error).split())}. Nothing was changed. "
            f"Without a network, {by_hand}"
        ) from error
