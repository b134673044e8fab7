"""What `roux completion`, `roux manual` and an installation give.

    installed.py     (roux on PATH; works in the current folder)
"""
import pathlib
import shutil
import subprocess

from short_run import say


def roux(*arguments, program="roux"):
    process = subprocess.run([program, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return process.returncode, process.stdout, process.stderr


verbs = [line.split()[0] for line in roux("help")[1].splitlines() if line.startswith("  ")]
say("help is a word too", {"check", "run", "runs", "diff", "lsp"} <= set(verbs), verbs)
say("and version", roux("version")[1] == roux("--version")[1])

# Bash, asked as it asks.
pathlib.Path("bash").write_text(roux("completion", "bash")[1])


def completed(*words):
    script = f'source ./bash; COMP_WORDS=({" ".join(words)} ""); COMP_CWORD={len(words)}'
    if words[-1].startswith("-"):
        script = f'source ./bash; COMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}'
    return subprocess.run(["bash", "-c", f'{script}; _roux; echo "${{COMPREPLY[@]}}"'], text=True, capture_output=True, check=True).stdout.split()


say("bash: all verbs", set(verbs) <= set(completed("roux")), completed("roux"))
say("bash: the flags of a verb", {"--set", "--dry-run", "--target", "--dtype"} <= set(completed("roux", "run", "--"))
    and "--html" not in completed("roux", "run", "--"), completed("roux", "run", "--"))
say("bash: the shells", completed("roux", "completion") == ["bash", "zsh", "fish"])
for shell in ("zsh", "fish"):
    script = roux("completion", shell)[1]
    say(f"{shell}: all verbs", all(verb in script for verb in verbs), script)
    if shutil.which(shell):
        say(f"{shell}: reads it", subprocess.run([shell, "-n"], input=script, text=True).returncode == 0)
status, _, err = roux("completion", "tcsh")
say("other shells are refused", status == 1 and "tcsh" in err and "fish" in err, err)

page = roux("manual")[1]
say("the manual has every verb", page.startswith(".TH ROUX 1") and all(f".B {verb}\n" in page for verb in verbs), page)

# Where it is installed it works, with all of that beside it.
build = pathlib.Path(shutil.which("roux")).resolve().parents[1]
place = pathlib.Path("prefix").resolve()
done = subprocess.run(["cmake", "--install", str(build), "--prefix", str(place), "--component", "roux"], text=True, capture_output=True)
say("installs", done.returncode == 0, done.stdout + done.stderr)
program = str(place / "bin/roux")
say("the installed program runs", roux("--version", program=program)[1] == roux("--version")[1])
say("and finds its half", "usage" in roux("run", "--help", program=program)[1].lower(), roux("run", "--help", program=program))
for file, text in (("bash-completion/completions/roux", "complete -o default -F _roux roux"), ("zsh/site-functions/_roux", "#compdef roux"),
                   ("fish/vendor_completions.d/roux.fish", "complete -c roux"), ("man/man1/roux.1", ".TH ROUX 1")):
    say(f"{file} is there", text in (place / "share" / file).read_text())
