"""What a program does with Docker's Python library: run by clients.test.ts with an image archive and its reference."""

import hashlib
import os
import socket
import sys
import time

import docker

archive, image = sys.argv[1:]
client = docker.from_env()

assert client.ping() is True
assert client.version()["ApiVersion"] == "1.50"
assert client.info()["OSType"] == "linux"

with open(archive, "rb") as file:
    loaded = client.images.load(file.read())
assert image in loaded[0].tags, loaded
assert any(image in found.tags for found in client.images.list())
try:
    client.images.get("no-such-image")
    raise AssertionError("an unknown image was found")
except docker.errors.ImageNotFound:
    pass

assert client.containers.run(image, ["echo", "ran"], remove=True) == b"ran\n"
try:
    client.containers.run(image, ["sh", "-c", "echo no >&2; exit 3"], remove=True)
    raise AssertionError("a failure was not told")
except docker.errors.ContainerError as error:
    assert error.exit_status == 3, error
    assert b"no" in error.stderr, error.stderr

sleeper = client.containers.run(image, ["sleep", "1000"], detach=True, name="py-sleeper", labels={"session": "py"})
assert [found.id for found in client.containers.list(filters={"label": "session=py"})] == [sleeper.id]
code, output = sleeper.exec_run(["sh", "-c", "echo out; exit 4"])
assert (code, output) == (4, b"out\n"), (code, output)
code, output = sleeper.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True)
assert output == (b"out\n", b"err\n"), output
assert sleeper.top()["Processes"]
sleeper.rename("py-renamed")
assert client.containers.get("py-renamed").status == "running"
sleeper.pause()
sleeper.unpause()
sleeper.stop(timeout=0)
assert sleeper.wait()["StatusCode"] == 137
sleeper.remove()
try:
    sleeper.reload()
    raise AssertionError("a removed container was found")
except docker.errors.NotFound:
    pass

data = os.urandom(1024 * 1024)
api = client.api
made = api.create_container(image, ["sha256sum"], stdin_open=True, host_config=api.create_host_config())
attached = api.attach_socket(made, params={"stdin": 1, "stream": 1})
api.start(made)
raw = attached._sock
raw.sendall(data)
raw.shutdown(socket.SHUT_WR)
assert api.wait(made)["StatusCode"] == 0
assert hashlib.sha256(data).hexdigest() in api.logs(made).decode()
attached.close()
api.remove_container(made)

until = int(time.time()) + 1
events = client.events(since=0, until=until, decode=True, filters={"type": "container", "label": "session=py"})
actions = [event["Action"].split(":")[0] for event in events]
assert actions[:3] == ["create", "start", "exec_create"], actions
assert [action for action in actions if action in ("rename", "pause", "unpause", "kill", "die", "stop", "destroy")] == [
    "rename",
    "pause",
    "unpause",
    "kill",
    "kill",
    "die",
    "stop",
    "destroy",
], actions
print("every step went well")
