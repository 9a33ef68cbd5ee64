using System.Text;

namespace Duplex;

/// <summary>The beginning of an error response's body, for whoever has to find out what went wrong. Bounded in bytes and in time.</summary>
internal static class BodyPreview
{
    /// <summary>How much is read: the first lines of an error page say what is wrong, whatever follows.</summary>
    public const int MaxBytes = 4096;

    /// <summary>Reads as much as comes before the token fires. Trouble ends the preview, and no more: the status tells enough. Null if nothing came.</summary>
    public static async Task<string?> ReadAsync(HttpContent content, CancellationToken enough)
    {
        // Compressed bytes are no text; a handler that decompresses takes the header off.
        if (content.Headers.ContentEncoding.Count > 0)
            return null;

        // Not from a pool: a read that ignores its token may still write here afterwards.
        byte[] buffer = new byte[MaxBytes];
        int filled = 0;
        try
        {
            Stream body = await content.ReadAsStreamAsync(enough).WaitAsync(enough).ConfigureAwait(false);
            while (filled < buffer.Length)
            {
                int read = await body.ReadAsync(buffer.AsMemory(filled), enough).AsTask().WaitAsync(enough).ConfigureAwait(false);
                if (read == 0)
                    break;
                filled += read;
            }
        }
        catch (Exception) // of the transport, of a decompressor, of a handler's own stream
        {
            // What has come is better than nothing.
        }

        return filled == 0 ? null : Decode(content, buffer.AsSpan(0, filled));
    }

    private static string Decode(HttpContent content, ReadOnlySpan<byte> bytes)
    {
        Encoding encoding = Encoding.UTF8;
        try
        {
            if (content.Headers.ContentType?.CharSet is { } name)
                encoding = Encoding.GetEncoding(name.Trim('"'));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            // An encoding that this process does not know: most text is ASCII anyway.
        }

        // Without a flush: a character that is cut off at the end is left out rather than replaced.
        char[] text = new char[encoding.GetMaxCharCount(bytes.Length)];
        int length = encoding.GetDecoder().GetChars(bytes, text, flush: false);
        return new string(text, 0, length);
    }
}
