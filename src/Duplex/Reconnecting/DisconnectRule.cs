namespace Duplex;

/// <summary>What a row of <see cref="DisconnectTable"/> says.</summary>
internal enum DisconnectRule
{
    /// <summary>Connect again.</summary>
    Transient,

    /// <summary>Connect once more with new credentials, then give up.</summary>
    Authentication,

    /// <summary>
    /// Give up; but after a first connection, only after <see cref="StayConnectedOptions.FatalGrace"/>.
    /// </summary>
    Refusal,

    /// <summary>Give up.</summary>
    Fatal,
}
