#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs QEMU until an instruction is reached, and prints the seconds from process start to there: wall, user.

    qemu_until.py ADDRESS COMMAND...

A hardware breakpoint (packet Z1) is set over the GDB remote protocol; with TCG it costs nothing until it is hit.
"GDB User Manual", appendix "Remote Serial Protocol".
"""
import os
import socket
import subprocess
import sys
import tempfile
import time


def packet(sock, text):
    """Sends one packet and returns the answer's text."""
    sock.sendall(b"$%s#%02x" % (text.encode(), sum(text.encode()) & 0xFF))
    data = b""
    while b"#" not in data or len(data) - data.index(b"#") < 3:
        more = sock.recv(4096)
        if not more:
            raise SystemExit("qemu_until.py: QEMU hung up after " + text)
        data += more
    sock.sendall(b"+")
    return data[data.index(b"$") + 1:data.index(b"#")].decode()


def main():
    address, command = int(sys.argv[1], 0), sys.argv[2:]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "gdb")
        start = time.monotonic()
        qemu = subprocess.Popen(command + ["-S", "-gdb", f"unix:path={path},server=on,wait=off"],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            sock = socket.socket(socket.AF_UNIX)
            while True:
                try:
                    sock.connect(path)
                    break
                except OSError:
                    if qemu.poll() is not None:
                        raise SystemExit("qemu_until.py: QEMU ended")
                    time.sleep(0.001)
            if packet(sock, f"Z1,{address:x},1") != "OK":
                raise SystemExit("qemu_until.py: no hardware breakpoint")
            stop = packet(sock, "c")
            wall = time.monotonic() - start
            if not stop.startswith("T05"):
                raise SystemExit("qemu_until.py: stopped for another reason: " + stop)
            with open(f"/proc/{qemu.pid}/stat", encoding="ascii") as stat:
                ticks = int(stat.read().rpartition(")")[2].split()[11])
            print(f"{wall:.3f} {ticks / os.sysconf('SC_CLK_TCK'):.2f}")
        finally:
            qemu.kill()
            qemu.wait()


main()
