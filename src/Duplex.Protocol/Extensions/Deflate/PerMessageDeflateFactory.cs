namespace Duplex.Protocol;

/// <summary>
/// Creates the <see cref="PerMessageDeflate"/> of each session; installed by
/// <c>ws.Extensions.InstallPerMessageDeflate(…)</c>.
/// </summary>
internal sealed class PerMessageDeflateFactory : WebSocketExtensionFactory<PerMessageDeflateOptions, PerMessageDeflate>
{
    /// <inheritdoc/>
    public override string Name => DeflateParameters.ExtensionName;

    /// <summary>RSV1 (RFC 7692 §6).</summary>
    public override ReservedBits ReservedBits => ReservedBits.Rsv1;

    /// <inheritdoc/>
    public override PerMessageDeflate Create(PerMessageDeflateOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new PerMessageDeflate(options);
    }

    /// <summary>A copy: the caller may change the options afterwards.</summary>
    internal override WebSocketExtensionFactory With(PerMessageDeflateOptions options) => base.With(options.Copy());

    /// <inheritdoc/>
    public override void Validate(PerMessageDeflateOptions options)
    {
        base.Validate(options);
        if (options.Alternatives.Contains(null!))
            throw new ArgumentException("One of the Alternatives is null.", nameof(options));
    }
}
