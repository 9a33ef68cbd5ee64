using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Duplex.Protocol;

/// <summary>Passes outgoing messages through the extensions, in wire order.</summary>
/// <remarks>Not thread-safe: call it under the gate.</remarks>
internal sealed class OutgoingTransform(ExtensionChain chain, ArrayPool<byte> pool)
{
    // Only touched under the gate.
    private readonly bool[] _isActive = new bool[chain.Count]; // which transform the message in progress
    private readonly PooledOutput[] _outputs = [new(pool), new(pool)]; // used in turn: one is read, the other written

    public bool IsActive { get; private set; }

    /// <summary>An exception changes no state. False if the extensions are already disposed.</summary>
    public bool TryDecide(
        FrameType type, ReadOnlySpan<byte> payload, bool fin, ReservedBits reserved, SendTransform wish)
    {
        IsActive = false;
        if (!chain.TryUse())
            return false;
        try
        {
            bool isActive = false;
            for (int i = 0; i < chain.Count; i++)
            {
                _isActive[i] = chain[i].TransformsOutgoing(Part(i, type, payload, reserved, starts: true, fin), wish);
                isActive |= _isActive[i];
            }

            IsActive = isActive;
            return true;
        }
        finally
        {
            chain.Unuse();
        }
    }

    /// <summary>
    /// Afterwards the outcome, valid until <see cref="Clear"/>, must be sent or the session end: the extensions' state
    /// depends on it.
    /// </summary>
    public bool TryProcess(
        FrameType type,
        ReadOnlyMemory<byte> payload,
        bool starts,
        bool fin,
        ref ReservedBits reserved,
        out ReadOnlyMemory<byte> outcome,
        out CloseCode code,
        [NotNullWhen(false)] out WebSocketException? error)
    {
        outcome = payload;
        code = CloseCode.InternalError;
        error = null;
        ReservedBits asked = reserved;
        int turn = 0;
        for (int i = 0; i < chain.Count; i++)
        {
            if (!_isActive[i])
                continue;

            PooledOutput output = _outputs[turn];
            output.Clear();
            output.Begin(starts: true, WebSocketLimits.LargestSize);
            try
            {
                ExtensionResult result = chain[i].ProcessOutgoing(
                    Part(i, type, outcome.Span, asked, starts, fin), output);
                if (result.Violation is { } violation)
                {
                    code = violation.Code;
                    error = new WebSocketException(violation.Message);
                    return false;
                }

                if (result.IsUntouched)
                {
                    if (!starts || output.Total != 0)
                    {
                        throw new InvalidOperationException(
                            "ExtensionResult.Untouched is for the first part of a message, with nothing written. "
                            + "Return Done.");
                    }

                    _isActive[i] = false;
                    continue;
                }

                ThrowIfNotOwned(i, result.Reserved, starts);
                reserved |= result.Reserved;
                outcome = output.Written;
                turn = 1 - turn;
            }
            catch (Exception e)
            {
                error = chain.Fault(i, e);
                return false;
            }
        }

        return true;
    }

    public void Clear()
    {
        _outputs[0].Clear();
        _outputs[1].Clear();
    }

    private MessagePart Part(
        int index, FrameType type, ReadOnlySpan<byte> payload, ReservedBits reserved, bool starts, bool fin) => new()
        {
            Type = type,
            Data = payload,
            Reserved = reserved & chain[index].ReservedBits,
            StartsMessage = starts,
            StartsFrame = true,
            EndsFrame = true,
            EndsMessage = fin,
        };

    private void ThrowIfNotOwned(int index, ReservedBits set, bool starts)
    {
        WebSocketExtension extension = chain[index];
        ReservedBits owned = starts || extension.MarksContinuations ? extension.ReservedBits : ReservedBits.None;
        if ((set & ~owned) != 0)
        {
            throw new InvalidOperationException(
                $"It set {(set & ~owned).InWords()}, which its factory does not own on such a frame.");
        }
    }
}
