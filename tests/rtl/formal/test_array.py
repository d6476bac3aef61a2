# SPDX-License-Identifier: Apache-2.0
"""The array's decoder and select-add products equal tables and multipliers, proven for all inputs.

The pipeline of rtl/pe/ternary_array.sv is compared as the function it computes when its inputs
stand still (transparent.v); what its enables do is simulated by tests/rtl and tests/sim.
"""

import pytest

ARRAY = "pe/ternary_array.sv"

# Each replaces one text of the array by a wrong one.
WRONG_DECODERS = {
    "one code too many is legal": ("[i] > 8'd242", "[i] > 8'd243"),
    "t2 code 3 is a one": ("{8{!rest[i][0]}}", "{8{rest[i][1:0] != 2'd1}}"),
    "the fifth trit of t2 is not zero": ("{2'd1, rest[i][7:2]}", "{2'd0, rest[i][7:2]}"),
}
WRONG_ARRAYS = {
    "signs are not taken": ("(x[j][i] ^ minus[j][i]) & any", "(x[j][i]) & any"),
    "zeros are not zero": ("(x[j][i] ^ minus[j][i]) & any[j][i]", "(x[j][i] ^ minus[j][i])"),
    "negatives are corrected twice": ("sum = 32'(correction[e]);", "sum = 2 * 32'(correction[e]);"),
}
WRONG_SUMS = {
    "leaves are one bit too narrow": (
        "LEAF_BITS = tmu_pkg::ACT_WIDTH + $clog2(PLACES)",
        "LEAF_BITS = tmu_pkg::ACT_WIDTH + $clog2(PLACES) - 1",
    ),
    "the last leaf is left out": (
        "leaf_total = 0;\n    for (int unsigned j = 0; j < DIGITS; j++)",
        "leaf_total = 0;\n    for (int unsigned j = 0; j < DIGITS - 1; j++)",
    ),
}


def decodes(prover) -> bool:
    left = prover.function("decode", {}, [ARRAY])
    return prover.equivalent(left, prover.function("decode_reference", {}, []))


def selects_and_adds(prover, lanes: int, first: int) -> bool:
    left = prover.function("select_add", {"K": lanes, "First": first}, [ARRAY])
    return prover.equivalent(left, prover.function("multiply_add", {"K": lanes}, []))


def adds_up_all_lanes(prover) -> bool:
    left = prover.function("whole_array", {}, [ARRAY])
    return prover.equivalent(left, prover.function("whole_reference", {}, []))


def test_every_code_of_both_formats_is_decoded_in_every_place(prover) -> None:
    assert decodes(prover)


@pytest.mark.parametrize("wrong", WRONG_DECODERS)
def test_a_wrong_decoder_is_found(prover, wrong: str) -> None:
    assert not decodes(prover.mutated(ARRAY, *WRONG_DECODERS[wrong]))


# A lane of weight zero may be any lane, so eight lanes prove one to seven.
def test_selecting_and_adding_eight_lanes_equals_multiplying(prover) -> None:
    assert selects_and_adds(prover, 8, 0)


def test_selecting_and_adding_lanes_of_two_leaves_equals_multiplying(prover) -> None:
    assert selects_and_adds(prover, 4, 14)


@pytest.mark.parametrize("wrong", WRONG_ARRAYS)
def test_a_wrong_product_is_found(prover, wrong: str) -> None:
    assert not selects_and_adds(prover.mutated(ARRAY, *WRONG_ARRAYS[wrong]), 4, 14)


@pytest.mark.long  # two minutes
def test_all_lanes_add_up_for_every_beat_and_word(prover) -> None:
    assert adds_up_all_lanes(prover)


@pytest.mark.long
@pytest.mark.parametrize("wrong", WRONG_SUMS)
def test_a_sum_that_loses_bits_or_lanes_is_found(prover, wrong: str) -> None:
    assert not adds_up_all_lanes(prover.mutated(ARRAY, *WRONG_SUMS[wrong]))
