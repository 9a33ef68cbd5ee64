using System.Diagnostics;

namespace Duplex.EndToEnd;

/// <summary>One of many sessions: sends without waiting, and receives the echoes in a loop of its own.</summary>
internal abstract class PacedSession
{
    private readonly byte[] _message;

    protected PacedSession(int size, Echoes echoes)
    {
        _message = new byte[size];
        Echoes = echoes;
    }

    /// <summary>The last send; it has failed if any before it has.</summary>
    public Task Sending { get; private set; } = Task.CompletedTask;

    /// <summary>The receive loop, which ends only with the session.</summary>
    public Task Receiving { get; private set; } = Task.CompletedTask;

    protected Echoes Echoes { get; }

    /// <summary>
    /// Sends a message with its number and the time. Does not wait, so that no session delays others. Throws if an
    /// earlier send has failed.
    /// </summary>
    public void Send(int number)
    {
        if (Sending.IsFaulted)
            Sending.GetAwaiter().GetResult();

        // ClientWebSocket allows one send at a time, and the buffer is borrowed until a send completes.
        if (!Sending.IsCompleted)
        {
            byte[] message = new byte[_message.Length];
            Echoes.Stamp(message, number, Stopwatch.GetTimestamp());
            Sending = SendAfterAsync(Sending, message);
            return;
        }

        Echoes.Stamp(_message, number, Stopwatch.GetTimestamp());
        ValueTask sending = SendAsync(_message);
        if (sending.IsCompletedSuccessfully)
            sending.GetAwaiter().GetResult(); // returns a pooled source
        else
            Sending = sending.AsTask();
    }

    /// <summary>Starts the receive loop. A derived class calls it when it has its session.</summary>
    protected void StartReceiving() => Receiving = ReceiveAsync();

    protected abstract ValueTask SendAsync(ReadOnlyMemory<byte> message);

    protected abstract Task ReceiveAsync();

    private async Task SendAfterAsync(Task previous, byte[] message)
    {
        await previous.ConfigureAwait(false);
        await SendAsync(message).ConfigureAwait(false);
    }
}
