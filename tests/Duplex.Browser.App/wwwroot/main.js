import { dotnet } from './_framework/dotnet.js';

const { getAssemblyExports, getConfig } = await dotnet.create();
const { Duplex } = await getAssemblyExports(getConfig().mainAssemblyName);

// The tests' driver waits for this object.
globalThis.suite = Duplex.Tests.Page;
