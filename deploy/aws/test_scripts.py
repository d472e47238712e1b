"""What the scripts build with on which system. The systems and the compiler are stand-ins: nothing is built, and what cargo
was asked for stands in `asked`."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from template import ROOT

STAND_INS = {
    "bin/uname": 'case $1 in -s) echo "$SYSTEM" ;; -m) echo x86_64 ;; esac',
    "bin/getconf": '[[ -n $GLIBC ]] && echo "glibc $GLIBC"',
    "bin/rustc": "mkdir -p library && touch library/libstd-1.rlib && [[ $* != *musl* ]] && echo library",
    # The head of an executable for x86-64, wherever it was asked for.
    "bin/cargo": r"""echo "$*" >>asked
        while (($#)); do case $1 in --target) target=${2%%.2.*} ;; --bin) binary=$2 ;; esac; shift; done
        mkdir -p "target/${target:-}/small"
        printf '\x7fELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\x3e\0' >"target/${target:-}/small/$binary" """,
    "bin/cc": "",
    "scripts/require": 'echo "$*" >>required',
    "target/aws-tools/bin/python": f'exec {sys.executable} "$@"',
}
BY_ZIG = "zigbuild --target x86_64-unknown-linux-gnu.2.34"


class Scripts(unittest.TestCase):
    def setUp(self):
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, text in STAND_INS.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(f"#!/usr/bin/env bash\n{text}\n")
            (self.root / name).chmod(0o755)
        (self.root / "deploy/aws").mkdir(parents=True)
        (self.root / "deploy/aws/deploy.py").write_text("import json, sys\nprint(json.dumps(sys.argv[1:]))\n")
        for name in ("scripts/build-small", "scripts/deploy-aws", "scripts/release", "deploy/aws/package.py"):
            (self.root / name).symlink_to(ROOT / name)
        for name in ("deploy/sidecar", "docs", "LICENSE-APACHE", "LICENSE-MIT"):
            (self.root / name).symlink_to(ROOT / name)

    def run_script(self, name: str, *args: str, system: str = "Linux", glibc: str = "2.34"):
        own = {"PATH": f"{self.root}/bin:{os.environ['PATH']}", "SYSTEM": system, "GLIBC": glibc, "SOURCE_DATE_EPOCH": "0"}
        asked = [self.root / "scripts" / name, *args]
        environment = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"} | own
        return subprocess.run(asked, cwd=self.root, capture_output=True, text=True, check=False, env=environment)

    def lines(self, name: str) -> list:
        return (self.root / name).read_text().splitlines() if (self.root / name).exists() else []

    def test_a_system_that_is_not_too_new_builds_without_more(self):
        done = self.run_script("deploy-aws", "--page", "page", glibc="2.34")
        self.assertEqual(json.loads(done.stdout), ["--page", "page", "--zip", "target/aws/functions.zip"])
        (built,) = self.lines("asked")
        self.assertTrue(built.startswith("build --profile small"), built)
        self.assertFalse([line for line in self.lines("required") if "zig" in line])

    def test_a_system_with_a_newer_glibc_than_lambda_builds_for_the_one_of_lambda(self):
        for glibc in ("2.39", "2.41", ""):
            (self.root / "asked").unlink(missing_ok=True)
            done = self.run_script("deploy-aws", "--page", "page", glibc=glibc)
            self.assertEqual(done.returncode, 0, done.stderr)
            (built,) = self.lines("asked")
            self.assertTrue(built.startswith(BY_ZIG), built)
        self.assertNotIn("cross", " ".join(self.lines("required")), "this machine's library is there")

    def test_where_nothing_can_be_built_it_says_at_once_what_to_do(self):
        done = self.run_script("deploy-aws", "--instances", "gpu-1", system="Darwin", glibc="")
        self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1))
        self.assertIn("--zip comfyui-monitor-lambda-x86_64.zip", done.stderr)
        self.assertEqual(self.lines("required") + self.lines("asked"), [])
        done = self.run_script("deploy-aws", "--zip", "given.zip", "--page", "page", system="Darwin", glibc="")
        self.assertEqual(json.loads(done.stdout), ["--zip", "given.zip", "--page", "page"])

    def test_to_delete_a_stack_nothing_is_built(self):
        done = self.run_script("deploy-aws", "--delete")
        self.assertEqual((json.loads(done.stdout), self.lines("asked"), self.lines("required")), (["--delete"], [], ["aws"]))

    def test_a_release_is_built_in_the_same_way(self):
        done = self.run_script("release", "x86_64", glibc="2.39")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([line.startswith(BY_ZIG) for line in self.lines("asked")], [True, True])
        files = sorted(file.name for file in (self.root / "target/release-files").iterdir())
        self.assertEqual(files, ["SHA256SUMS", "comfyui-monitor-lambda-x86_64.zip", "comfyui-monitor-sidecar-x86_64.tar.gz"])

    def test_what_of_a_release_cannot_be_built_is_told_in_a_line_and_the_rest_is(self):
        done = self.run_script("release", "static", "aarch64")
        self.assertEqual(done.returncode, 1)
        self.assertIn("static: the standard library of Rust for x86_64-unknown-linux-musl is missing", done.stderr)
        self.assertTrue(all("aarch64-unknown-linux-gnu.2.34" in line for line in self.lines("asked")))
        self.assertEqual(self.run_script("release", "x86").returncode, 2)


if __name__ == "__main__":
    unittest.main()
