"""Echo servers on Python's websockets, one for each element of the JSON list that is the argument: null for no compression, or the arguments of
ServerPerMessageDeflateFactory. It tells their ports on stdout, in order, and ends with its stdin."""

import asyncio
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory


async def echo(connection):
    async for message in connection:
        if message == "close":
            await connection.close(4001, "asked to")
        elif message == "fragments":
            await connection.send(["in ", "three ", "fragments"])
        else:
            await connection.send(message)


async def main():
    ports = []
    for arguments in json.loads(sys.argv[1]):
        extensions = None if arguments is None else [ServerPerMessageDeflateFactory(**arguments)]
        server = await websockets.serve(echo, "127.0.0.1", 0, compression=None, extensions=extensions, max_size=None)
        ports.append(next(iter(server.sockets)).getsockname()[1])
    print(*ports, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
