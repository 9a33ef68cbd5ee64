using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>Takes what comes of a message through the extensions, from the last to the first: whoever transformed it last on its way out is the first on its way in.</summary>
/// <remarks>Not thread-safe: it belongs to one connection's receive loop, which holds a use of the chain.</remarks>
internal sealed class IncomingTransform(ExtensionChain chain, ArrayPool<byte> pool)
{
    /// <summary>
    /// What extensions get at a time where messages are handed on in pieces, and so no limit need hold for a message: DEFLATE makes up to 1,032 times as much of it, 1 MiB, a quarter of
    /// what the queue of a session holds; then it is asked for room again. Measured, a text's expansion takes 20 us for it, beside which a piece's way through the chain is nothing.
    /// </summary>
    public const int MaxPiece = 1024;

    private readonly PooledOutput?[] _between = new PooledOutput?[chain.Count]; // what each extension hands to the next, made when there is something

    // All only touched by the thread that reads.
    private readonly bool[] _isActive = new bool[chain.Count]; // which extensions transform the message in progress
    private int _last; // the lowest of them, which writes into the message

    /// <summary>Whether any extension transforms the message in progress.</summary>
    public bool IsActive { get; private set; }

    /// <summary>The reserved bits that are the extensions', who have seen them: no frame that is delivered has them.</summary>
    public ReservedBits OwnedBits => chain.OwnedBits;

    /// <summary>Processes a piece of a data frame.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="message">The message's memory.</param>
    /// <param name="maxMessageSize">The most bytes of the message.</param>
    /// <param name="rest">What belongs into the message and is not there yet; valid until <see cref="Clear"/>.</param>
    /// <param name="violation">Why the session cannot go on.</param>
    public bool TryProcess(in FramePiece piece, LimitedOutput message, long maxMessageSize, out ReadOnlySpan<byte> rest, [NotNullWhen(false)] out ProtocolViolation? violation)
    {
        if (piece.StartsMessage)
        {
            _isActive.AsSpan().Fill(true);
            _last = 0;
            IsActive = true;
        }

        rest = piece.Payload;
        violation = null;
        for (int i = chain.Count - 1; i >= 0 && violation is null; i--)
        {
            if (!_isActive[i])
                continue;

            // On a message's first piece nobody knows yet who will transform it, so only the very first extension writes into the message itself.
            LimitedOutput output = i == _last ? message : _between[i] ??= new PooledOutput(pool);
            output.Begin(piece.StartsMessage, maxMessageSize);
            var part = new MessagePart
            {
                Type = piece.Type,
                Data = rest,
                Reserved = piece.Header.Reserved & chain[i].ReservedBits,
                StartsMessage = piece.StartsMessage,
                StartsFrame = piece.Starts,
                EndsFrame = piece.Ends,
                EndsMessage = piece.EndsMessage,
                MaxMessageSize = maxMessageSize,
            };
            bool isTransformed = TryProcess(i, part, output, out violation);
            if (isTransformed)
                rest = output is PooledOutput between ? between.Written.Span : [];
            _isActive[i] = isTransformed;
        }

        if (piece.StartsMessage)
        {
            IsActive = _isActive.AsSpan().Contains(true);
            _last = Math.Max(0, _isActive.AsSpan().IndexOf(true));
            if (IsActive && _last > 0)
                message.Continue(_between[_last]!.Total); // from the second piece on it writes there
        }

        return violation is null;
    }

    /// <summary>Gives back the memory between the extensions: the piece is dealt with.</summary>
    public void Clear()
    {
        foreach (PooledOutput? between in _between)
            between?.Clear();
    }

    // False if it is none of the extension's business, or if the session cannot go on.
    private bool TryProcess(int index, in MessagePart part, LimitedOutput output, out ProtocolViolation? violation)
    {
        violation = null;
        try
        {
            long before = output.Total;
            ExtensionResult result = chain[index].ProcessIncoming(part, output);
            if (result.IsUntouched && (!part.StartsMessage || output.Total != before))
                throw new InvalidOperationException("ExtensionResult.Untouched is for the first part of a message, with nothing written. Return Done.");

            // Whatever the extension made of it: what is past the limit is not in the message.
            violation = output.Violation ?? result.Violation;
            return violation is null && !result.IsUntouched;
        }
        catch (Exception e)
        {
            violation = output.Violation ?? ProtocolViolation.Fault(chain.Fault(index, e));
            return false;
        }
    }
}
