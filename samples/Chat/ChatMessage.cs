using System.Text.Json;
using System.Text.Json.Serialization;

namespace Chat;

/// <summary>
/// What client and server send each other, as JSON: <c>{"type":"said","from":"Ann","text":"Hello"}</c>.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Say), "say")]
[JsonDerivedType(typeof(Said), "said")]
[JsonDerivedType(typeof(Joined), "joined")]
[JsonDerivedType(typeof(Left), "left")]
[JsonDerivedType(typeof(Missed), "missed")]
public abstract record ChatMessage;

/// <summary>From a client: a line for its room.</summary>
public sealed record Say(string Text) : ChatMessage;

/// <summary>From the server: a line of a member, also to that member.</summary>
public sealed record Said(string From, string Text) : ChatMessage;

/// <summary>From the server: a member has joined. The new member gets one for each member, itself included.</summary>
public sealed record Joined(string Name) : ChatMessage;

/// <summary>From the server: a member has left.</summary>
public sealed record Left(string Name) : ChatMessage;

/// <summary>From the server: this client read too slowly, and some messages were dropped.</summary>
public sealed record Missed(int Count) : ChatMessage;

// Generated at build time. One entry is enough: the attributes above name the other types.
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ChatMessage))]
public sealed partial class ChatJson : JsonSerializerContext;
