namespace Duplex.Protocol;

/// <summary>
/// Enumerates a comma-separated header value (<c>#element</c>, RFC 7230 §7), trimmed and without empty elements. A
/// comma in a quoted-string does not separate; an unclosed one extends to the end.
/// </summary>
internal ref struct HttpList
{
    // RFC 7230 §3.2.3: OWS = *( SP / HTAB )
    private const string WhiteSpace = " \t";

    private readonly ReadOnlySpan<char> _value;

    // Only touched by the one caller of MoveNext.
    private int _next;
    private int _position;
    private ReadOnlySpan<char> _current;

    public HttpList(ReadOnlySpan<char> value) => _value = value;

    public readonly ReadOnlySpan<char> Current => _current;

    public readonly int Position => _position;

    public readonly HttpList GetEnumerator() => this;

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
