using System.Text.Json;
using System.Text.Json.Serialization;

namespace QuoteBoard;

/// <summary>From the server: a new price.</summary>
public sealed record Quote(string Symbol, decimal Price);

// Generated at build time: no reflection when it runs, so the published page is trimmed.
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Quote))]
public sealed partial class QuoteJson : JsonSerializerContext;
