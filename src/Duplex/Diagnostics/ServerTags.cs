using System.Diagnostics;

namespace Duplex;

/// <summary>The attributes of an address, by OpenTelemetry's semantic conventions; neither path nor query.</summary>
internal sealed record ServerTags
{
    private readonly string _scheme;
    private readonly string _address;
    private readonly object _port; // boxed once: measurements must not allocate

    public ServerTags(Uri target)
    {
        _scheme = target.Scheme;
        _address = target.IdnHost;
        _port = target.Port;
    }

    public bool Equals(ServerTags? other) => other is not null
        && _scheme == other._scheme && _address == other._address && _port.Equals(other._port);

    public override int GetHashCode() => HashCode.Combine(_scheme, _address, _port);

    public void AddTo(ref TagList tags)
    {
        tags.Add("server.address", _address);
        tags.Add("server.port", _port);
        tags.Add("url.scheme", _scheme);
    }

    public void AddTo(Activity span)
    {
        span.SetTag("server.address", _address);
        span.SetTag("server.port", _port);
        span.SetTag("url.scheme", _scheme);
    }
}
