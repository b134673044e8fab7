# What is said when a package is not there, in one place, because two sources say it.
import os


class Missing(Exception):
    def __init__(self, package, what):
        super().__init__(f"{what} is not there; expected the Debian package {package}: apt-get install {package}")


class LeftOut(Missing):
    """dpkg may be told to leave documentation out, as slim images do: then the package is there and its files are not."""

    def __init__(self, package, what, files):
        installed = os.path.exists(f"/var/lib/dpkg/info/{package}.list")
        super().__init__(package, what)
        if installed:
            self.args = (
                f"{what} is not there although {package} is installed: dpkg leaves documentation out on this machine; "
                f"apt-get install --reinstall -o Dpkg::Options::=--path-include='{files}' {package}",
            )
