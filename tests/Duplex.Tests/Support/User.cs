using System.Text.Json.Serialization;

namespace Duplex.Tests;

/// <summary>A value that tests send and receive.</summary>
internal sealed record User(string Name, int Id);

/// <summary>A type that no context knows.</summary>
internal sealed record Stranger(string Name);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(User))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(int?))]
[JsonSerializable(typeof(Animal))]
[JsonSerializable(typeof(byte[]))]
internal sealed partial class TestJson : JsonSerializerContext;

/// <summary>A type that others extend, by their names on the wire.</summary>
[JsonDerivedType(typeof(Dog), "dog")]
internal abstract record Animal(string Name);

internal sealed record Dog(string Name, bool Barks) : Animal(Name);
