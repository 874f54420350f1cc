"""Our speed beside the alternatives: `make bench`, or `python -m benchmarks NAME ...` from the project's root.

One file a subject. Each of its public functions annotated `-> Row` is one row of book/benchmarks.json, named after the
function: it prepares both sides and says what they compare. It stands outside the package because no reader imports it
and its other sides need libraries that the package does not.
"""
