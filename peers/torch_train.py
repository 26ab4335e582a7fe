"""The network of the comparison in PyTorch: samples as rows, contiguous, gathered by index, by Adam, AdamW or Muon, at a constant rate or in one cycle. One
line of JSON is the result."""

import argparse
import json
import sys
import time

try:
    import torch
    from torch import nn

    import mnist
except ModuleNotFoundError as missing:
    sys.exit(f"torch_train.py: {missing.name} is not installed; run: python3 -m pip install -r peers/requirements.txt")

EVALUATED = 2000
"""Test samples evaluated at once."""


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mnist", required=True)
    parser.add_argument("--hidden", default="100,100")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--standardised", action="store_true")
    parser.add_argument("--optimizer", choices=["adam", "adamw", "muon"], default="adam")
    parser.add_argument("--muon-rate", type=float, default=0.02)
    parser.add_argument("--one-cycle", action="store_true", help="the rates rise to those given and fall again, over all epochs")
    parser.add_argument("--adam", choices=["fused", "foreach", "plain"], default="fused")
    return parser.parse_args()


def network(sizes):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def adam(parameters, wanted):
    """Adam or AdamW in the form asked for; the fused one was added late for the CPU, so a version without it falls back."""
    form = {"fused": {"fused": True}, "foreach": {"foreach": True}, "plain": {}}[wanted.adam]
    kind = torch.optim.AdamW if wanted.optimizer == "adamw" else torch.optim.Adam
    try:
        return kind(parameters, lr=wanted.learning_rate, **form), wanted.adam
    except (RuntimeError, TypeError):
        return kind(parameters, lr=wanted.learning_rate), "plain"


def optimizers(model, wanted, n_steps):
    """What makes the steps, with what sets their rates before each, and the form of Adam. Muon takes the matrices between hidden layers, as its authors
    advise, Adam the rest."""
    hidden = [layer.weight for layer in list(model.children())[1:-1] if isinstance(layer, nn.Linear)] if wanted.optimizer == "muon" else []
    rest = [p for p in model.parameters() if not any(p is matrix for matrix in hidden)]
    first, form = adam(rest, wanted)
    every = [first] + ([torch.optim.Muon(hidden, lr=wanted.muon_rate)] if hidden else [])
    cycle = lambda one: torch.optim.lr_scheduler.OneCycleLR(one, one.param_groups[0]["lr"], total_steps=n_steps + 1, pct_start=0.2, cycle_momentum=False)
    return every, [cycle(one) for one in every] if wanted.one_cycle else [], form


def tensors(part):
    images, labels = part
    return torch.from_numpy(images).contiguous(), torch.from_numpy(labels)


@torch.no_grad()
def accuracy(model, images, labels):
    right = 0
    for rows, truth in zip(images.split(EVALUATED), labels.split(EVALUATED)):
        right += int((model(rows).argmax(1) == truth).sum())
    return right / len(labels)


def main():
    wanted = options()
    torch.set_num_threads(wanted.threads)
    # Second moments of weights that seldom have a gradient sink below what the processor computes at full speed.
    torch.set_flush_denormal(True)
    torch.manual_seed(wanted.seed)
    train, test = mnist.read(wanted.mnist, wanted.standardised)
    (images, labels), (test_images, test_labels) = tensors(train), tensors(test)
    n_classes = 10
    hidden = [int(size) for size in wanted.hidden.split(",")]
    model = network([images.shape[1], *hidden, n_classes])
    n_steps = wanted.epochs * -(-len(labels) // wanted.batch)
    steppers, schedules, form = optimizers(model, wanted, n_steps)
    loss = nn.CrossEntropyLoss()
    curve, seconds, steps = [], 0.0, 0
    for _ in range(wanted.epochs):
        begun = time.perf_counter()
        for batch in torch.randperm(len(labels)).split(wanted.batch):
            for stepper in steppers:
                stepper.zero_grad(set_to_none=True)
            loss(model(images[batch]), labels[batch]).backward()
            for stepper in steppers:
                stepper.step()
            for schedule in schedules:
                schedule.step()
            steps += 1
        seconds += time.perf_counter() - begun
        curve.append([seconds, accuracy(model, test_images, test_labels)])
    print(json.dumps({"curve": curve, "steps": steps, "seconds": seconds, "adam": form, "torch": torch.__version__}))


if __name__ == "__main__":
    main()
