namespace Duplex;

/// <summary>
/// A message that was staged for a connection that has ended, and of which nothing proves that the peer got it.
/// </summary>
/// <param name="Receipt">What its send returned; of the first message, if there are several.</param>
/// <param name="Type">Text or binary; null if several messages are meant, or the payload was not kept.</param>
/// <param name="Data">
/// The payload; null beyond <see cref="ReconnectingWebSocketOptions.MaxUnconfirmedBytes"/>.
/// </param>
/// <param name="Count">How many messages are meant, with the next numbers. More than 1 only without data.</param>
public sealed record UnconfirmedMessage(
    SendReceipt Receipt, FrameType? Type, ReadOnlyMemory<byte>? Data, long Count = 1);
