"""The decorator with which tests check every annotation of the library; a whole number may stand for a float."""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
