# Usage: nets.py ESPALIER NETS
# Runs the command ESPALIER on every network NETS/NAME.onnx, as a user would
# who has the flattened rows of NETS/NAME.ref_in.npy: converts it, runs it on
# all rows and on one, evaluates it by labels and by targets, prunes it over
# the box of the rows and on the rows, and runs what is left. Results are held
# against NETS/NAME.ref_out64.npy, and the labels are those of its largest
# outputs. Prints a line for each network; fails if anything goes wrong.
import glob
import json
import os
import subprocess
import sys
import tempfile

import numpy

TOLERANCE = 1e-4  # of the largest output of a row

espalier, nets = sys.argv[1:]


def run(*line):
    done = subprocess.run([espalier, *line], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(line)}: exit code {done.returncode}: "
                           f"{done.stderr.strip()}")
    return done.stdout


# The worst row's largest difference over its largest element.
def off(found, reference):
    if found.size != reference.size or len(found) != len(reference):
        raise RuntimeError(f"outputs {found.shape}, reference {reference.shape}")
    reference = reference.reshape(len(reference), -1)
    difference = abs(found.reshape(reference.shape) - reference).max(axis=1)
    largest = abs(reference).max(axis=1)
    return max(0 if d == 0 else d / s if s > 0 else float("inf")
               for d, s in zip(difference, largest))


def outputs(model, rows, folder):
    x = os.path.join(folder, "x.npy")
    y = os.path.join(folder, "y.npy")
    numpy.save(x, rows)
    run("run", model, "--input", x, "--output", y, "--outside", "error")
    return numpy.load(y)


def check(stem, folder):
    rows = numpy.load(stem + ".ref_in.npy")
    reference = numpy.load(stem + ".ref_out64.npy")
    reference = reference.reshape(len(reference), -1)
    model = os.path.join(folder, "m.pb")
    run("convert", stem + ".onnx", model)

    def expect_reference(path, which):
        for count in (len(rows), 1):
            worst = off(outputs(path, rows[:count], folder), reference[:count])
            if not worst <= TOLERANCE:
                raise RuntimeError(f"{which} is off by {worst} on {count} rows")

    expect_reference(model, "the model")

    x = os.path.join(folder, "rows.npy")
    labels = os.path.join(folder, "labels.npy")
    targets = os.path.join(folder, "targets.npy")
    numpy.save(x, rows)
    numpy.save(labels, reference.argmax(axis=1).astype(numpy.int32))
    numpy.save(targets, reference.astype(numpy.float32))
    told = json.loads(run("evaluate", model, "--data", x, "--labels", labels,
                          "--json"))
    if told["samples"] != len(rows) or told["accuracy"] != 1:
        raise RuntimeError(f"evaluate tells {told}")
    told = json.loads(run("evaluate", model, "--data", x, "--labels", targets,
                          "--json"))
    if not told["loss"] <= (TOLERANCE * abs(reference).max()) ** 2:
        raise RuntimeError(f"evaluate tells {told}")

    counts = []
    for grade in (["domain", "--domain", "data:" + x], ["data", "--data", x]):
        pruned = os.path.join(folder, grade[0] + ".pb")
        told = json.loads(run("prune", model, "--output", pruned, "--json",
                              "--grade", *grade))
        units = sum(layer["units"] for layer in told["layers"])
        removed = sum(layer["removed"] for layer in told["layers"])
        counts.append(f"{removed} by {grade[0]}")
        expect_reference(pruned, f"the model pruned by {grade[0]}")
    return f"{units} relu units, removed {', '.join(counts)}"


failed = 0
names = sorted(glob.glob(os.path.join(nets, "*.onnx")))
for name in names:
    with tempfile.TemporaryDirectory() as folder:
        stem = name[:-len(".onnx")]
        try:
            print(f"{os.path.basename(stem)}: {check(stem, folder)}")
        except Exception as error:  # whatever went wrong with this one
            print(f"{os.path.basename(stem)}: {error}")
            failed += 1
print(f"espalier on flattened rows: {len(names) - failed} of {len(names)} "
      "networks run, are evaluated and pruned")
sys.exit(failed > 0 or not names)
