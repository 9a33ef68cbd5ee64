namespace Duplex;

/// <summary>
/// A message that a <see cref="ReconnectingWebSocket"/> has staged for one connection. Nothing is sent again by itself:
/// what becomes of the message is known later, see <see cref="ReconnectingWebSocketOptions.OnUnconfirmed"/>.
/// </summary>
/// <param name="Epoch">The number of the connection, from 1.</param>
/// <param name="Sequence">The number of the message on that connection, from 1, in the order of sending.</param>
public readonly record struct SendReceipt(int Epoch, long Sequence);
