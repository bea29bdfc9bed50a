namespace Auth.Server.Pages.Operators;

/// <summary>The first page of the operator console.</summary>
internal sealed class AccountsModel : PortalPage;
