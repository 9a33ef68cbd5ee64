namespace Duplex;

/// <summary>One attempt to connect, as <see cref="StayConnectedOptions.Configure"/> sees it.</summary>
/// <param name="Number">1 for the first since the last connection that was stable, or since the start.</param>
/// <param name="Previous">Why the attempt or connection before it ended; null for the very first.</param>
/// <param name="IsAuthRetry">
/// Whether the server answered 401 or 403 since the last ready connection: renew the credentials. A second such answer
/// is final.
/// </param>
public sealed record ConnectAttempt(int Number, DisconnectVerdict? Previous, bool IsAuthRetry);
