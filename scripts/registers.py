# SPDX-License-Identifier: Apache-2.0
"""Writes rtl/axi/registers.yaml as a SystemVerilog package, a C++ header and tables of docs/axi.md.

registers.py          write the files
registers.py --check  say which are stale; exit code 1 if any is
"""

import argparse
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "rtl/axi/registers.yaml"
NOTICE = "Written by scripts/registers.py from rtl/axi/registers.yaml. Edit that."
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def span(bits: str) -> tuple[int, int]:
    """(high, low) of "15:0" or "3"."""
    high, _, low = bits.partition(":")
    return int(high), int(low or high)


def check(spec: dict) -> None:
    """Refuses registers and fields that overlap: the tools behind would take them."""
    end = 0
    for register in spec["registers"]:
        if register["offset"] < end or register["offset"] % (4 * register.get("words", 1)):
            raise ValueError(
                f"{SOURCE.name}: register {register['name']} overlaps or is misaligned"
            )
        end = register["offset"] + 4 * register.get("words", 1) * register.get("count", 1)
        used = 0
        for field in register.get("fields", []):
            high, low = span(field["bits"])
            mask = (1 << high + 1) - (1 << low)
            if used & mask or high > 31:
                raise ValueError(
                    f"{SOURCE.name}: field {register['name']}.{field['name']} overlaps"
                )
            used |= mask
    for layout in (spec["descriptor"], spec["completion"]):
        end = 0
        for field in layout["fields"]:
            if field["offset"] < end:
                raise ValueError(f"{SOURCE.name}: field {field['name']} overlaps")
            end = field["offset"] + field["bytes"]


def packed_struct(name: str, fields: list[tuple[str, int, int]], width: int) -> str:
    """`fields` are (name, high, low); gaps become reserved members."""
    lines = []
    top, gaps = width, 0
    for field, high, low in sorted(fields, key=lambda entry: -entry[1]):
        if high + 1 < top:
            lines.append(f"    logic [{top - high - 2}:0] reserved{gaps};")
            gaps += 1
        lines.append(
            f"    logic {field};" if high == low else f"    logic [{high - low}:0] {field};"
        )
        top = low
    if top:
        lines.append(f"    logic [{top - 1}:0] reserved{gaps};")
    return "\n".join(["  typedef struct packed {", *lines, f"  }} {name};"])


def byte_fields(layout: dict) -> list[tuple[str, int, int]]:
    out = []
    flags = layout.get("flags")
    for field in layout["fields"]:
        low = 8 * field["offset"]
        if field["name"] == "flags" and flags:
            out += [(name, low + bit, low + bit) for name, bit in flags.items()]
        else:
            out.append((field["name"], low + 8 * field["bytes"] - 1, low))
    return out


def words(register: dict) -> list[tuple[str, int]]:
    """(name, offset) of each 32-bit word; a counted register is named by its first."""
    if register.get("count"):
        return [(register["name"], register["offset"])]
    if register.get("words", 1) == 1:
        return [(register["name"], register["offset"])]
    return [
        (f"{register['name']}_{half}", register["offset"] + 4 * i)
        for i, half in enumerate(("lo", "hi"))
    ]


def systemverilog(spec: dict) -> str:
    offsets = [word for register in spec["registers"] for word in words(register)]
    lines = [SPDX, f"/// {NOTICE}", "package tmu_axi_reg_pkg;", ""]
    lines += [f"  localparam logic [31:0] MAP_VERSION = 32'd{spec['version']};", ""]
    lines += ["  /// Byte offsets.", "  typedef enum logic [11:0] {"]
    lines += [
        ",\n".join(f"    Reg{camel(name)} = 12'h{offset:03X}" for name, offset in offsets),
        "  } reg_e;",
        "",
    ]
    lines += ["  /// Status codes.", "  typedef enum logic [3:0] {"]
    lines += [
        ",\n".join(f"    Code{camel(c['name'])} = 4'd{c['value']}" for c in spec["codes"]),
        "  } code_e;",
        "",
    ]
    for register in spec["registers"]:
        if register.get("fields"):
            fields = [(f["name"], *span(f["bits"])) for f in register["fields"]]
            lines += [packed_struct(f"{register['name']}_t", fields, 32), ""]
    for name in ("descriptor", "completion"):
        lines += [packed_struct(f"{name}_t", byte_fields(spec[name]), 8 * spec[name]["bytes"]), ""]
    return "\n".join([*lines, "endpackage", ""])


def cpp(spec: dict) -> str:
    lines = [SPDX.rstrip(), "#pragma once", "", "#include <cstdint>", ""]
    lines += [f"/// {NOTICE}", "namespace sterna::axi {", ""]
    lines += [f"inline constexpr std::uint32_t kMapVersion = {spec['version']};", ""]
    lines += [
        "/// Byte offsets of the registers; docs/axi.md says what each holds.",
        "enum class Reg : std::uint32_t {",
    ]
    lines += [f"  {camel(n)} = 0x{o:03X}," for r in spec["registers"] for n, o in words(r)]
    lines += [
        "};",
        "",
        "/// Status codes of a command and of the status register; docs/axi.md says when.",
        "enum class Code : std::uint32_t {",
    ]
    lines += [f"  {camel(code['name'])} = {code['value']}," for code in spec["codes"]]
    lines += ["};", ""]
    for register in spec["registers"]:
        if not register.get("fields"):
            continue
        lines += [
            f"/// Fields of Reg::{camel(register['name'])}: masks, shifts of those with more bits."
        ]
        lines += [f"namespace {register['name']} {{"]
        for field in register["fields"]:
            high, low = span(field["bits"])
            mask = (1 << high + 1) - (1 << low)
            name = camel(field["name"])
            lines.append(f"inline constexpr std::uint32_t k{name} = 0x{mask:X};")
            if high != low:
                lines.append(f"inline constexpr std::uint32_t k{name}Shift = {low};")
        lines += [f"}}  // namespace {register['name']}", ""]
    lines += ["/// Flags of a descriptor."]
    for name, bit in spec["descriptor"]["flags"].items():
        lines.append(f"inline constexpr std::uint8_t kFlag{camel(name)} = 1U << {bit};")
    for name in ("descriptor", "completion"):
        layout = spec[name]
        lines += [
            "",
            f"/// A {name} in memory, little-endian.",
            f"struct {camel(name)} {{",
        ]
        end, gaps = 0, 0
        for field in [*layout["fields"], {"offset": layout["bytes"]}]:
            if field["offset"] > end:
                lines.append(f"  std::uint8_t reserved{gaps}[{field['offset'] - end}] = {{}};")
                gaps += 1
            if "name" in field:
                lines.append(f"  std::uint{8 * field['bytes']}_t {field['name']} = 0;")
                end = field["offset"] + field["bytes"]
        lines += ["};", f"static_assert(sizeof({camel(name)}) == {layout['bytes']});"]
    return "\n".join([*lines, "", "}  // namespace sterna::axi", ""])


def tables(spec: dict) -> dict[str, str]:
    """Markdown by the name of its place in docs/axi.md."""
    rows = ["| offset | register | access | bits | |", "|---|---|---|---|---|"]
    for register in spec["registers"]:
        size = register.get("words", 1) * register.get("count", 1)
        where = f"0x{register['offset']:03X}"
        if size > 1:
            where += f"..0x{register['offset'] + 4 * size - 4:03X}"
        bits = 32 * register.get("words", 1)
        times = f" x {register['count']}" if register.get("count") else ""
        cells = [where, f"`{register['name']}`", register["access"], f"{bits}{times}"]
        rows.append(f"| {' | '.join(cells)} | {register['text']} |")
        for field in register.get("fields", []):
            rows.append(f"| | `.{field['name']}` | | {field['bits']} | {field['text']} |")
    codes = ["| code | name | |", "|---|---|---|"]
    codes += [f"| {code['value']} | `{code['name']}` | {code['text']} |" for code in spec["codes"]]
    out = {"registers": "\n".join(rows), "codes": "\n".join(codes)}
    for name in ("descriptor", "completion"):
        lines = ["| byte | bytes | field | |", "|---|---|---|---|"]
        lines += [
            f"| {f['offset']} | {f['bytes']} | `{f['name']}` | {f['text']} |"
            for f in spec[name]["fields"]
        ]
        out[name] = "\n".join(lines)
    return out


def page(spec: dict, text: str) -> str:
    for name, table in tables(spec).items():
        start, end = (
            f"<!-- {name}: written by scripts/registers.py -->\n",
            f"\n<!-- end of {name} -->",
        )
        before, found, rest = text.partition(start)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"docs/axi.md has no place for the table of {name}: {start.strip()}")
        text = before + start + table + end + after
    return text


def generated() -> dict[Path, str]:
    spec = yaml.safe_load(SOURCE.read_text())
    check(spec)
    docs = ROOT / "docs/axi.md"
    return {
        ROOT / "rtl/axi/tmu_axi_reg_pkg.sv": systemverilog(spec),
        ROOT / "rtl/axi/registers.hpp": cpp(spec),
        docs: page(spec, docs.read_text()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="say which files are stale")
    arguments = parser.parse_args()
    stale = {
        path: text
        for path, text in generated().items()
        if not path.exists() or path.read_text() != text
    }
    for path, text in stale.items():
        if arguments.check:
            print(f"{path.relative_to(ROOT)} is stale; run scripts/registers.py")
        else:
            path.write_text(text)
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
