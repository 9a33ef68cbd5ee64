using Microsoft.Extensions.Options;

namespace Duplex;

/// <summary>Options without content: a host validates them when it starts, which creates the client's handlers.</summary>
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
