#!/usr/bin/env python3
"""The zoo's vgg16 and resnet50 in plain PyTorch, trained on images from memory: what in_core_speed and peers put beside octrain.

Prints the seconds of each iteration as JSON. In a process of its own, so that its memory is gone afterwards.
"""
import argparse, contextlib, json, time


def torch_vgg16(nn):
    layers, channels = [], 3
    for outputs in (64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512, "pool"):
        if outputs == "pool":
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.ReLU(inplace=True)]
            channels = outputs
    layers += [nn.Flatten(), nn.Linear(25088, 4096), nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(4096, 4096),
               nn.ReLU(inplace=True), nn.Dropout(), nn.Linear(4096, 1000)]
    return nn.Sequential(*layers)


def torch_resnet50(nn):
    class Bottleneck(nn.Module):
        def __init__(self, inputs, width, stride):
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
                nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
                nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width))
            self.shortcut = nn.Identity() if inputs == 4 * width else nn.Sequential(
                nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), nn.BatchNorm2d(4 * width))
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x):
            return self.relu(self.body(x) + self.shortcut(x))

    layers = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)]
    inputs = 64
    for width, blocks, stride in ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)):
        for block in range(blocks):
            layers.append(Bottleneck(inputs, width, stride if block == 0 else 1))
            inputs = 4 * width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2048, 1000))


def checkpointed(net, checkpoint):
    """Keeps only what enters a segment, which ends with a pooling or is a bottleneck; the last is not computed twice. Not by
    checkpoint_sequential: in PyTorch 1.13 that is re-entrant alone, which leaves the first segment, whose input is data,
    without gradients."""
    segments = [[]]
    for layer in net:
        segments[-1].append(layer)
        if type(layer).__name__ in ("MaxPool2d", "Bottleneck"):
            segments.append([])
    *first, last = [type(net)(*segment) for segment in segments]

    def forward(x):
        for segment in first:
            x = checkpoint(segment, x, use_reentrant=False)
        return last(x)
    return forward


def set_precision(torch, precision):
    """The flags of PyTorch that a precision stands for, and the context in which a loss is computed."""
    tf32 = precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    if precision == "bf16":
        return lambda: torch.autocast("cuda", dtype=torch.bfloat16)
    return contextlib.nullcontext


def train(options):
    import torch
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    computes = set_precision(torch, options.precision)
    net = {"vgg16": torch_vgg16, "resnet50": torch_resnet50}[options.model](torch.nn).to(options.device)
    solver = torch.optim.SGD(net.parameters(), lr=1e-4, momentum=0.9, weight_decay=5e-4)
    forward = net
    if options.checkpoint:
        from torch.utils.checkpoint import checkpoint
        forward = checkpointed(net, checkpoint)
    loss_of = torch.nn.CrossEntropyLoss()
    images, labels = torch.randn(options.batch, 3, 224, 224), torch.randint(0, 1000, (options.batch,))
    if options.device == "cuda":
        images, labels = images.pin_memory(), labels.pin_memory()
    seconds, begun = [], time.perf_counter()
    for _ in range(options.iterations):
        if options.seconds and seconds and time.perf_counter() - begun + seconds[-1] > options.seconds:
            break
        start = time.perf_counter()
        solver.zero_grad(set_to_none=True)
        here, wanted = images.to(options.device, non_blocking=True), labels.to(options.device, non_blocking=True)
        with computes():
            loss = loss_of(forward(here), wanted)
        loss.backward()
        solver.step()
        loss.item()
        if options.device == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return {"torch": torch.__version__, "seconds": seconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=["vgg16", "resnet50"], required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--iterations", type=int, required=True)
    parser.add_argument("--threads", type=int, default=0, help="0: as PyTorch chooses")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=["fp32", "tf32", "bf16"], default="fp32", help="the last two on cuda alone")
    parser.add_argument("--checkpoint", action="store_true", help="keep what enters each segment, compute the rest again")
    parser.add_argument("--seconds", type=float, default=0, help="begin no iteration that would likely end later")
    print(json.dumps(train(parser.parse_args())))


if __name__ == "__main__":
    main()
