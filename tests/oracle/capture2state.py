#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns a capture made under QEMU into a state file for `bootpath check --state`.

    capture2state.py CAPTURE.json >STATE.json

Page tables were captured as merged ranges and as the addresses of the tables;
the entries are made again from these, without their A and D bits.
"""
import json
import os
import re
import sys

# What the stops of a path are called, and the points that they stand for. z64 is on the way, not a point.
STOPS = {
    "grub-bios-linux": ("linux32", "grub2", {"z32": ("entry", "startup_32"), "startup": ("kernel", "startup_64")}),
    "grub-bios-linux16": ("bios", "grub2", {"setup16": ("entry", "_start"), "z32": ("compressed", "startup_32"),
                                            "startup": ("kernel", "startup_64")}),
    "seabios-kernel": ("bios", "qemu", {"setup16": ("entry", "_start"), "z32": ("compressed", "startup_32"),
                                        "startup": ("kernel", "startup_64")}),
    "ovmf-kernel": ("efi", "spec", {"pe": ("entry", "efi_pe_entry"), "startup": ("kernel", "startup_64")}),
    "ovmf-grub206-linuxefi": ("efi-handover", "grub2-linuxefi", {"ho64": ("entry", "efi64_stub_entry"),
                                                                 "startup": ("kernel", "startup_64")}),
    "pvh": ("pvh", "qemu", {"pvh": ("entry", "pvh_start_xen"), "startup": ("kernel", "startup_64")}),
    "qboot-pvh": ("pvh", "qboot", {"pvh": ("entry", "pvh_start_xen"), "startup": ("kernel", "startup_64")}),
}

GENERAL = ["ax", "bx", "cx", "dx", "si", "di", "bp", "sp"]
NOWHERE = 0xFFFFF00000000  # linked where a table was not captured: no memory is there


def number(text):
    return int(text, 16)


def registers(stop):
    regs = stop["regs"]
    # The monitor alone tells these two.
    out = dict(re.findall(r"\b(FCW|MXCSR)=([0-9a-f]+)", stop["info_registers"]))
    out = {name.lower(): value for name, value in out.items()}
    for name in GENERAL + ["ip"]:
        out["r" + name] = regs.get("r" + name) or regs["e" + name]
    for i in range(8, 16):
        out["r%d" % i] = regs.get("r%d" % i, "0x0")
    out["rflags"] = regs.get("rfl") or regs["efl"]
    for name in ("cr0", "cr2", "cr3", "cr4", "efer", "dr6", "dr7"):
        out[name] = regs[name]
    for name in ("gdt", "idt"):
        out[name + "r.base"] = regs[name]["base"]
        out[name + "r.limit"] = regs[name]["limit"]
    return {name: hex(number(value)) for name, value in out.items()}


def segments(regs):
    names = {"es": "es", "cs": "cs", "ss": "ss", "ds": "ds", "fs": "fs", "gs": "gs", "ldtr": "ldt", "tr": "tr"}
    return {ours: {"selector": regs[theirs]["sel"], "base": hex(number(regs[theirs]["base"])),
                   "limit": hex(number(regs[theirs]["limit"])), "attr": hex(number(regs[theirs]["flags"]) & 0xF0FF00)}
            for ours, theirs in names.items()}


class Tables:
    """Page tables from ranges, at the captured addresses, which are listed depth first."""

    def __init__(self, captured):
        self.free = [(level, number(address)) for level, address in captured["tables"]]
        self.pages = {}
        self.links = {}
        self.top_level, self.top = self.free.pop(0)
        self.pages[self.top] = bytearray(4096)
        for start, length, physical, size, flags in captured["ranges"]:
            va, pa, size = number(start), number(physical), number(size)
            for offset in range(0, number(length), size):
                self.map(va + offset, pa + offset, size, number(flags))

    def take(self, level):
        while self.free:
            found, address = self.free.pop(0)
            if found == level:
                self.pages.setdefault(address, bytearray(4096))
                return address
        return NOWHERE

    def map(self, va, pa, size, flags):
        leaf = {0x1000: 1, 0x200000: 2, 0x40000000: 3}[size]
        table = self.top
        for level in range(self.top_level, leaf, -1):
            index = va >> (12 + 9 * (level - 1)) & 511
            path = va >> (12 + 9 * (level - 1))
            if (level, path) not in self.links:
                self.links[level, path] = self.take(level - 1)
                self.put(table, index, self.links[level, path] | 7)
            table = self.links[level, path]
            if table == NOWHERE:
                return
        entry = pa | (flags & 0xFFF) | (0x80 if leaf > 1 else 0)
        if flags >> 63:
            entry |= 1 << 63
        self.put(table, va >> (12 + 9 * (leaf - 1)) & 511, entry)

    def put(self, table, index, entry):
        self.pages[table][index * 8:index * 8 + 8] = entry.to_bytes(8, "little")


def piece(gpa, data):
    return {"gpa": hex(gpa), "hex": bytes(data).hex()}


def memory(stop, folder):
    out = []
    regs = stop["regs"]
    if "pagetables" in stop:
        out += [piece(gpa, page) for gpa, page in sorted(Tables(stop["pagetables"]).pages.items())]
    out.append(piece(number(regs["gdt"]["base"]), bytes.fromhex(stop["gdt_bytes"])))
    out.append(piece(number(stop["linear_pc"]), bytes.fromhex(stop["code"])))
    if "boot_params_file" in stop:
        with open(os.path.join(folder, stop["boot_params_file"]), "rb") as f:
            page = f.read()
        out.append(piece(number(stop["boot_params_addr"]), page))
        line = stop["boot_params"].get("cmdline")
        at = int.from_bytes(page[0x228:0x22C], "little") | int.from_bytes(page[0xC8:0xCC], "little") << 32
        if line is not None and at:
            out.append(piece(at, line.encode() + b"\0"))
        out += setup_data(stop["boot_params"].get("setup_data_chain") or [])
    return out


def setup_data(chain):
    """Headers of the list's nodes; what they hold was not captured."""
    out = []
    for i, node in enumerate(chain):
        following = number(chain[i + 1]["addr"]) if i + 1 < len(chain) else 0
        header = following.to_bytes(8, "little") + node["type"].to_bytes(4, "little") + node["len"].to_bytes(4, "little")
        out.append(piece(number(node["addr"]), header))
    return out


def facts(capture, path):
    out = {"memory": hex(512 << 20)}
    for stop in capture["stops"]:
        if stop["label"] != "z32":
            continue
        header = stop["boot_params"]["hdr"]
        load, align = number(stop["linear_pc"]), number(header["kernel_alignment"])
        # boot.rst init_size, and never below the link address (compressed/head_64.S).
        out["load_address"] = hex(load)
        out["run_address"] = hex(max((load + align - 1) & ~(align - 1), number(header["pref_address"])))
        out["run_size"] = header["init_size"]
        if path == "linux32":
            out["boot_params_address"] = stop["boot_params_addr"]
    return out


def convert(name):
    with open(name) as f:
        capture = json.load(f)
    path, variant, points = STOPS[capture["path"]]
    first = None
    handovers = []
    for stop in capture["stops"]:
        if stop["label"] not in points:
            continue
        point, symbol = points[stop["label"]]
        count = capture["discover"][stop["label"]]["icount"]
        first = count if first is None else first
        handovers.append({
            "point": point, "image": "vmlinuz", "symbol": symbol, "instructions": count - first,
            "registers": registers(stop), "segments": segments(stop["regs"]),
            "memory": memory(stop, os.path.dirname(name)),
        })
    return {"path": path, "variant": variant, "facts": facts(capture, path), "handovers": handovers}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    json.dump(convert(sys.argv[1]), sys.stdout, indent=1)
    print()
