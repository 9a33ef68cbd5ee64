using System.Diagnostics;

namespace Duplex;

/// <summary>The attributes of an address, by OpenTelemetry's semantic conventions; neither path nor query.</summary>
/// <remarks>A service's name that no handler resolved, https+http://feed, has neither scheme nor port.</remarks>
internal sealed record ServerTags
{
    private readonly string _address;
    private readonly string? _scheme;
    private readonly object? _port; // boxed once: measurements must not allocate
    private readonly string? _transport; // of a local socket

    public ServerTags(Uri target)
    {
        if (LocalSocketUri.IsOne(target)
            && LocalSocketUri.TryRead(target, OperatingSystem.IsWindows(), out LocalSocketUri? local, out _))
        {
            (_address, _scheme, _transport) = (local.Address, local.Scheme, local.IsPipe ? "pipe" : "unix");
            return;
        }

        _address = target.IdnHost;
        if (target.Scheme is "ws" or "wss")
            (_scheme, _port) = (target.Scheme, target.Port);
    }

    public bool Equals(ServerTags? other) => other is not null
        && _scheme == other._scheme && _address == other._address && Equals(_port, other._port);

    public override int GetHashCode() => HashCode.Combine(_scheme, _address, _port);

    public void AddTo(ref TagList tags)
    {
        tags.Add("server.address", _address);
        if (_scheme is null)
            return;
        if (_port is not null)
            tags.Add("server.port", _port);
        tags.Add("url.scheme", _scheme);
        if (_transport is not null)
            tags.Add("network.transport", _transport);
    }

    public void AddTo(Activity span)
    {
        span.SetTag("server.address", _address);
        span.SetTag("server.port", _port); // null: no tag
        span.SetTag("url.scheme", _scheme);
        span.SetTag("network.transport", _transport);
    }
}
