namespace Duplex.Feeds;

/// <summary>The settings that all clients have in common, where they have such a setting.</summary>
internal static class ClientSettings
{
    /// <summary>How long the feed may be silent before the connection counts as lost.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    /// <summary>How long an attempt, or a send that waits for a connection, may take.</summary>
    public static readonly TimeSpan Attempt = TimeSpan.FromSeconds(5);

    /// <summary>The constant delay between failed attempts: that of the loop in SignalR's documentation.</summary>
    public static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    /// <summary>How many bytes are kept of messages that are not confirmed; the default of Duplex.</summary>
    public const long Unconfirmed = 1024 * 1024;

    /// <summary>
    /// After this time a call hangs. Three times the other limits: a call may wait for one of them and then clean up.
    /// </summary>
    public static readonly TimeSpan Hang = TimeSpan.FromSeconds(15);
}
