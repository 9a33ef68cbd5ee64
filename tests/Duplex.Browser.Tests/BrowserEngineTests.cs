namespace Duplex.Tests;

/// <summary>The engine suite over the browser's own WebSocket, in a page.</summary>
[Collection(nameof(WasmPage))]
public sealed class BrowserEngineTests(WasmPage page)
{
    public static TheoryData<string> Cases => [.. SuiteCase.Of(typeof(EngineConformance)).Select(suiteCase => suiteCase.Name)];

    [Theory, MemberData(nameof(Cases))]
    public async Task It_behaves_as_every_engine_does(string name)
    {
        string failure = await page.CallAsync("RunAsync", page.Service, name);
        if (failure.Length > 0)
            Assert.Fail(failure);
    }
}
