using Microsoft.Extensions.Options;

namespace Duplex;

/// <summary>Empty options that a host validates when it starts, which creates the client's handlers.</summary>
internal sealed class StartCheck
{
    /// <summary>Creates a client's handlers, which fails where the client's first use would.</summary>
    internal sealed class Validation(IHttpMessageHandlerFactory factory) : IValidateOptions<StartCheck>
    {
        /// <inheritdoc/>
        public ValidateOptionsResult Validate(string? name, StartCheck options)
        {
            factory.CreateHandler(name ?? Options.DefaultName);
            return ValidateOptionsResult.Success;
        }
    }
}
