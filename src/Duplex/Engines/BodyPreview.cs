using System.Text;

namespace Duplex;

/// <summary>Reads the beginning of an error response's body for diagnosis, bounded in bytes and time.</summary>
internal static class BodyPreview
{
    /// <summary>The first lines of an error page say what is wrong.</summary>
    public const int MaxBytes = 4096;

    public static async Task<string?> ReadAsync(HttpContent content, CancellationToken enough)
    {
        // Compressed bytes are not text; a handler that decompresses removes the header.
        if (content.Headers.ContentEncoding.Count > 0)
            return null;

        // Not pooled: a read that ignores its token may write into it later.
        byte[] buffer = new byte[MaxBytes];
        int filled = 0;
        try
        {
            Stream body = await content.ReadAsStreamAsync(enough).WaitAsync(enough).ConfigureAwait(false);
            while (filled < buffer.Length)
            {
                int read = await body.ReadAsync(buffer.AsMemory(filled), enough)
                    .AsTask().WaitAsync(enough).ConfigureAwait(false);
                if (read == 0)
                    break;
                filled += read;
            }
        }
        catch (Exception) // from the transport, a decompressor, or a handler's stream
        {
            // Keep what arrived.
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
            // UTF-8 still decodes ASCII text.
        }

        // Without a flush, an incomplete last character is omitted, not replaced.
        char[] text = new char[encoding.GetMaxCharCount(bytes.Length)];
        int length = encoding.GetDecoder().GetChars(bytes, text, flush: false);
        return new string(text, 0, length);
    }
}
