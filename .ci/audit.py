"""Say which packages of tests/requirements.lock have known holes; fail where a release that mends one is out."""

import json
import subprocess
import sys

SECONDS = 15  # that the database may take to answer
AUDIT = ("pip_audit", "--vulnerability-service", "osv", "--requirement", "tests/requirements.lock")
QUIETLY = ("--disable-pip", "--no-deps", "--format", "json", "--progress-spinner", "off")


def main() -> int:
    """Print each hole; return 1 where a later release mends one."""
    try:
        command = [sys.executable, "-m", *AUDIT, *QUIETLY]
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        packages = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        print(f"pip-audit did not reach its database within {SECONDS} seconds: nobody looked for known holes")
        return 0
    holes = [(package, hole) for package in packages for hole in package.get("vulns", ())]
    for package, hole in holes:
        mended = ", ".join(hole["fix_versions"]) or "no release yet"
        print(f"{package['name']} {package['version']} has the hole {hole['id']}, mended by {mended}")
    print(f"pip-audit looked at {len(packages)} packages and found {len(holes)} holes")
    return int(any(hole["fix_versions"] for _, hole in holes))


if __name__ == "__main__":
    sys.exit(main())
