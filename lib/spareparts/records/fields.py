"""What a field of a config may be, beside a `Literal` of words and the plain types."""

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

Natural = Annotated[int, Ge(0)]
Count = Annotated[int, Ge(1)]
Several = Annotated[int, Ge(2)]
Seed = Annotated[int, Ge(0), Le(2**32 - 1)]  # as libraries take them
Positive = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]
Share = Annotated[float, Ge(0), Le(1)]
Fraction = Annotated[float, Gt(0), Le(1)]  # a share that is not nothing
Part = Annotated[float, Gt(0), Lt(1)]  # and not all
Cosine = Annotated[float, Ge(-1), Lt(1)]  # of vectors that are not the same
Precision = Literal["float32", "bfloat16", "tf32"]
