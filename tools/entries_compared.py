# SPDX-License-Identifier: GPL-2.0-or-later
"""The work of tools/entries-compared.sh: what `bootpath` says of a kernel's entries, joined with the reasons."""
import fnmatch
import json
import os
import subprocess
import sys

EXPECT = "tests/kernels/entries.expect"
DOCUMENT = "docs/entries-compared.md"
CMDLINE = ["--cmdline", "nokaslr"]


def bootpath(*args):
    done = subprocess.run([os.environ["BOOTPATH"], *args, "--format", "json"], stdout=subprocess.PIPE)
    if done.returncode not in (0, 1):
        sys.exit(f"bootpath {' '.join(args)}: exit status {done.returncode}")
    return json.loads(done.stdout)


def read_expect():
    """[(pair, [[pattern, reason, times used]])] in the file's order."""
    pairs = []
    with open(EXPECT, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("[") and line.endswith("]"):
                pairs.append((line[1:-1], []))
                continue
            pattern, semicolon, reason = line.partition(" ; ")
            if not semicolon or not pairs:
                sys.exit(f"{EXPECT}:{number}: expected 'KIND.NAME ; reason' in a section")
            pairs[-1][1].append([pattern.strip(), reason.strip(), 0])
    return pairs


def reason_of(rows, key):
    """The reason of the first row that fits; all that fit are in use."""
    found = None
    for row in rows:
        if fnmatch.fnmatchcase(key, row[0]):
            row[2] += 1
            found = found or row[1]
    return found


def cell(text):
    return "—" if text is None else text.replace("|", "\\|")


def compare(image, pair, rows):
    """Lines of the table, and complaints."""
    lines, complaints = [], []
    for d in bootpath("diff", image, "--path", pair, "--no-writers", *CMDLINE)["pairs"][0]["differences"]:
        key = f"{d['kind']}.{d['name']}"
        reason = reason_of(rows, key)
        if reason is None:
            complaints.append(f"[{pair}] {key}: {d['a']} | {d['b']} has no reason in {EXPECT}")
        lines.append(f"| {cell(key)} | {cell(d['a'])} | {cell(d['b'])} | {cell(reason)} |")
    for pattern, _, used in rows:
        if not used:
            complaints.append(f"[{pair}] {pattern}: a reason in {EXPECT} for a difference that is not there")
    return lines, complaints


def coverage(image):
    """The table of functions by path."""
    c = bootpath("cover", image, *CMDLINE, "--until", "start_kernel")
    names = [f"{p['path']}" for p in c["paths"]]
    full = [f"{p['path']}:{p['variant']}" for p in c["paths"]]
    lines = [f"| stage | function | {' | '.join(names)} |", "| --- | --- |" + " --- |" * len(names)]
    for f in c["functions"]:
        ran = [sum(p in b["paths"] for b in f["blocks"]) for p in full]
        cells = [f"{n}/{len(f['blocks'])}" if n else "—" for n in ran]
        lines.append(f"| {f['stage']} | {f['function']} | {' | '.join(cells)} |")
    never = sum(f["stage"] == "kernel" for f in c["never"])
    return c, lines, never


HEAD = """<!-- SPDX-License-Identifier: GPL-2.0-or-later -->
# Entries compared

How the entries of one kernel differ: which code each of them runs on the way to `start_kernel`, and what it leaves otherwise at `startup_64`. Made by
`tools/entries-compared.sh` from {image} (sha256 {sha256}), with `--cmdline nokaslr`; the reasons
stand in tests/kernels/entries.expect. A test fails when a difference has no reason, and when a reason has no difference.

## Which code runs

The way from each entry to `start_kernel`, as `bootpath cover --until start_kernel` tells it: how many blocks of a function a path ran, of those that
any path ran. {never} functions of the kernel proper run on none. The compressed image has no symbols of its own, so that all of its code
counts as part of the few places that its headers name (`--build` gives the others).
"""


def main():
    image, check = sys.argv[1], len(sys.argv) > 2
    complaints, sections = [], []
    for pair, rows in read_expect():
        lines, more = compare(image, pair, rows)
        complaints += more
        a, b = pair.split(",")
        sections.append(f"\n## {a} and {b}\n\n| what | {a} | {b} | why |\n| --- | --- | --- | --- |\n" + "\n".join(lines) + "\n")
    if complaints:
        sys.exit("\n".join(complaints))
    if check:
        return
    c, table, never = coverage(image)
    with open(DOCUMENT, "w", encoding="utf-8") as out:
        out.write(HEAD.format(image=c["image"], sha256=c["sha256"], never=never))
        out.write("\n" + "\n".join(table) + "\n")
        out.write("".join(sections))


main()
