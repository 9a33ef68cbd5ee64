namespace Duplex.Protocol;

/// <summary>
/// Walks the elements of a comma-separated header value (<c>#element</c>, RFC 7230 §7) without allocating. Empty elements are passed over, white space
/// around an element is taken off, and a comma inside a quoted-string parts nothing; a quoted-string without an end reaches to the end of the value.
/// Use it with <c>foreach</c>; it lives on one stack and so on one thread.
/// </summary>
internal ref struct HttpList
{
    // RFC 7230 §3.2.3: OWS = *( SP / HTAB )
    private const string WhiteSpace = " \t";

    private readonly ReadOnlySpan<char> _value;

    // All three belong to the one caller of MoveNext.
    private int _next;
    private int _position;
    private ReadOnlySpan<char> _current;

    /// <summary>Begins before the first element of a header value.</summary>
    public HttpList(ReadOnlySpan<char> value) => _value = value;

    /// <summary>The element, which is not empty after <see cref="MoveNext"/> returned <see langword="true"/>, and is empty before and after the list.</summary>
    public readonly ReadOnlySpan<char> Current => _current;

    /// <summary>Where in the value the element begins, counted from 0.</summary>
    public readonly int Position => _position;

    /// <summary>Lets <c>foreach</c> walk the list from where it stands.</summary>
    public readonly HttpList GetEnumerator() => this;

    /// <summary>Goes to the next element that is not empty.</summary>
    /// <returns><see langword="false"/> when there is none.</returns>
    public bool MoveNext()
    {
        // RFC 7230 §7: "a recipient MUST parse and ignore a reasonable number of empty list elements".
        while (_next < _value.Length)
        {
            int end = EndOfElement(_value, _next);
            ReadOnlySpan<char> element = _value[_next..end].TrimEnd(WhiteSpace);
            _current = element.TrimStart(WhiteSpace);
            _position = _next + element.Length - _current.Length;
            _next = end + 1;
            if (!_current.IsEmpty) return true;
        }

        _current = default;
        return false;
    }

    private static int EndOfElement(ReadOnlySpan<char> value, int from)
    {
        bool quoted = false;
        for (int i = from; i < value.Length; i++)
        {
            switch (value[i])
            {
                case '"': quoted = !quoted; break;
                case '\\' when quoted: i++; break;
                case ',' when !quoted: return i;
                default: break;
            }
        }

        return value.Length;
    }
}
