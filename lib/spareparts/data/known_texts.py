"""The texts this project knows by name: their checksums are known even where their files are not."""

from typing import NamedTuple

PARTS = ("train", "valid", "test")


class KnownText(NamedTuple):
    """What is true of a text wherever it lies."""

    folder: str  # below root() / "text"
    fingerprint: str  # sha256 of what the parts come from
    sha1: dict[str, str]  # of each part's file
    fidelity: str
    licence: str


KNOWN_TEXTS = {
    "ptb": KnownText(
        "ptb",
        "0b6c7d63ba3b5066369952976bfedb370ca0eee0eaffe6f524af316c6beaca3d",  # the three files, one after the other
        {
            "train": "f9ffb014fa33bd5730e5029697ad245184f3a678",
            "valid": "d9f5fed6afa5e1b82cd1e3e5f5040f6852940228",
            "test": "5c15c548b42d80bce9332b788514e6635fb0226e",
        },
        "Mikolov's preprocessing, word for word, with the published numbers of words",
        "Linguistic Data Consortium: for evaluation, not to be passed on",
    ),
    "wikitext_2": KnownText(
        "wikitext-2",
        "92675f1d63015c1c8b51f1656a52d5bdbc33aafa60cc47a218a66e7ee817488c",  # the authors' archive
        {
            "train": "863f29c46ef9d167fff4940ec821195882fe29d1",
            "valid": "0418625c8b4da6e4b5c7a0b9e78d4ae8f7ee5422",
            "test": "c7b8ce0aa086fb34dab808c5c49224211eb2b172",
        },
        "byte for byte the official files",
        "CC BY-SA 3.0 and GFDL (Merity et al. 2016, from Wikipedia)",
    ),
}
