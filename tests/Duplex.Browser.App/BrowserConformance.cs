namespace Duplex.Tests;

/// <summary>The browser's own WebSocket against real Kestrel.</summary>
public sealed class BrowserConformance : EngineConformance
{
    /// <summary>Set by the page before the first test.</summary>
    public static Uri Service { get; set; } = new("ws://localhost");

    protected override Uri Server => Service;

    protected override WebSocketEngine Engine => WebSocketEngines.Browser;

    protected override bool ReceivesWhileClosing => false;

    protected override bool TellsViolations => false;
}
