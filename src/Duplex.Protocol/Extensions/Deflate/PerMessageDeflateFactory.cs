namespace Duplex.Protocol;

/// <summary>
/// Creates a <see cref="PerMessageDeflate"/> for each session. Install it with
/// <c>ws.Extensions.InstallPerMessageDeflate(…)</c>, or like any other extension.
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

    /// <summary>Copies the options, because the caller may change them afterwards.</summary>
    internal override WebSocketExtensionFactory With(PerMessageDeflateOptions options) => base.With(options.Copy());

    /// <inheritdoc/>
    public override void Validate(PerMessageDeflateOptions options)
    {
        base.Validate(options);
        if (options.Alternatives.Contains(null!))
            throw new ArgumentException("One of the Alternatives is null.", nameof(options));
    }
}
